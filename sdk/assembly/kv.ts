import { decode, encode, startOf, takeResult } from './bytes';
import { Page, takePage } from './names-page';
import * as abi from './pluvio_v1';
import { done, Status } from './status';

/** Keys and values of the worker's own: they are part of its state and move with it. Capability `kv`. */
export namespace kv {
  /**
   * The value of a key; null: there is none.
   *
   * @example kv.set("a", encode("1")); assert(kv.get("a")!.length == 1); assert(kv.get("none") == null);
   */
  export function get(key: string): Uint8Array | null {
    const bytes = encode(key);
    const length = abi.kv_get(startOf(bytes), bytes.length);
    return length == abi.NOT_FOUND ? null : takeResult(done('kv.get', length));
  }

  /**
   * Sets the value of a key. Ends the call where the worker's storage is full; see `trySet`.
   *
   * @example kv.set("a", encode("1"));
   */
  export function set(key: string, value: Uint8Array): void {
    trySet(key, value).expect();
  }

  /**
   * As `set`; `QUOTA`: the storage is full, `TOO_LARGE`: key or value is too long.
   *
   * @example assert(kv.trySet("k", new Uint8Array(2000000)).name == "TOO_LARGE");
   */
  export function trySet(key: string, value: Uint8Array): Status {
    const bytes = encode(key);
    return new Status(abi.kv_set(startOf(bytes), bytes.length, startOf(value), value.length), 'kv.set');
  }

  /**
   * The value of a key as text; null: there is none.
   *
   * @example kv.setText("name", "Ada"); assert(kv.getText("name") == "Ada");
   */
  export function getText(key: string): string | null {
    const value = get(key);
    return value === null ? null : decode(value);
  }

  /**
   * Sets the value of a key to a text.
   *
   * @example kv.setText("name", "Ada");
   */
  export function setText(key: string, value: string): void {
    set(key, encode(value));
  }

  /**
   * Removes a key; false: there was none.
   *
   * @example kv.setText("gone", ""); assert(kv.remove("gone")); assert(!kv.remove("gone"));
   */
  export function remove(key: string): bool {
    const bytes = encode(key);
    const code = abi.kv_delete(startOf(bytes), bytes.length);
    return code != abi.NOT_FOUND && done('kv.remove', code) >= 0;
  }

  /**
   * Keys that begin with a prefix, in the order of their bytes, at most `limit` (1 to 1000) after `cursor`.
   *
   * @example kv.setText("p/1", ""); kv.setText("p/2", ""); const page = kv.list("p/", 1); assert(page.names[0] == "p/1"); assert(kv.list("p/", 9, page.cursor).names[0] == "p/2");
   */
  export function list(prefix: string = '', limit: u32 = 1000, cursor: string | null = null): Page {
    const start = encode(prefix);
    const after = encode(cursor === null ? '' : cursor);
    return takePage(done('kv.list', abi.kv_list(startOf(start), start.length, startOf(after), after.length, limit)));
  }

  /**
   * Begins a transaction over keys. One that is open when the input is over is rolled back.
   *
   * @example kv.begin(); kv.setText("t", "1"); kv.commit(); assert(kv.getText("t") == "1");
   */
  export function begin(): void {
    done('kv.begin', abi.kv_begin());
  }

  /**
   * Ends the transaction; what was done in it stays.
   *
   * @example kv.begin(); kv.setText("u", "1"); kv.commit(); assert(kv.getText("u") == "1");
   */
  export function commit(): void {
    done('kv.commit', abi.kv_commit());
  }

  /**
   * Ends the transaction; all keys are as they were when it began.
   *
   * @example kv.begin(); kv.setText("v", "1"); kv.rollback(); assert(kv.getText("v") == null);
   */
  export function rollback(): void {
    done('kv.rollback', abi.kv_rollback());
  }
}
