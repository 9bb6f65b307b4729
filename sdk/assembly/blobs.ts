import { encode, startOf } from './bytes';
import { Page, takePage } from './names-page';
import * as abi from './pluvio_v1';
import { done, Status } from './status';

/** Blobs of the worker's own: larger data, read and written in pieces. They move with it. Capability `blob`. */
export namespace blobs {
  /**
   * Writes into a blob, which is made if there is none; `offset` is at most its size. Ends the call where the storage is full.
   *
   * @example blobs.write("b", encode("hello")); blobs.write("b", encode("!"), 5); assert(blobs.size("b") == 6);
   */
  export function write(name: string, data: Uint8Array, offset: u32 = 0): void {
    tryWrite(name, data, offset).expect();
  }

  /**
   * As `write`; `QUOTA`: the storage is full.
   *
   * @example assert(blobs.tryWrite("b", encode("x"), 4000000000).name == "INVALID");
   */
  export function tryWrite(name: string, data: Uint8Array, offset: u32 = 0): Status {
    const bytes = encode(name);
    return new Status(
      abi.blob_write(startOf(bytes), bytes.length, offset, startOf(data), data.length),
      'blobs.write ' + name,
    );
  }

  /**
   * Up to `length` bytes of a blob from `offset` on, fewer at its end; null: there is no such blob.
   *
   * @example blobs.write("b", encode("hello")); assert(decode(blobs.read("b", 1, 3)!) == "ell"); assert(blobs.read("none") == null);
   */
  export function read(name: string, offset: u32 = 0, length: i32 = i32.MAX_VALUE): Uint8Array | null {
    const size = blobs.size(name);
    if (size < 0) return null;
    const bytes = encode(name);
    const data = new Uint8Array(<i32>max<i64>(0, min<i64>(length, <i64>size - offset)));
    let at = 0;
    while (at < data.length) {
      const count = abi.blob_read(startOf(bytes), bytes.length, offset + at, startOf(data) + at, data.length - at);
      if (done('blobs.read ' + name, count) == 0) return data.subarray(0, at);
      at += count;
    }
    return data;
  }

  /**
   * Size of a blob in bytes; -1: there is no such blob.
   *
   * @example blobs.write("s", encode("hello")); assert(blobs.size("s") == 5); assert(blobs.size("none") == -1);
   */
  export function size(name: string): i32 {
    const bytes = encode(name);
    const size = abi.blob_size(startOf(bytes), bytes.length);
    return size == abi.NOT_FOUND ? -1 : done('blobs.size ' + name, size);
  }

  /**
   * Removes a blob; false: there was none.
   *
   * @example blobs.write("d", encode("x")); assert(blobs.remove("d")); assert(!blobs.remove("d"));
   */
  export function remove(name: string): bool {
    const bytes = encode(name);
    const code = abi.blob_delete(startOf(bytes), bytes.length);
    return code != abi.NOT_FOUND && done('blobs.remove ' + name, code) >= 0;
  }

  /**
   * Names of blobs that begin with a prefix, as `kv.list`.
   *
   * @example blobs.write("l/1", encode("x")); assert(blobs.list("l/").names.length == 1);
   */
  export function list(prefix: string = '', limit: u32 = 1000, cursor: string | null = null): Page {
    const start = encode(prefix);
    const after = encode(cursor === null ? '' : cursor);
    return takePage(
      done('blobs.list', abi.blob_list(startOf(start), start.length, startOf(after), after.length, limit)),
    );
  }
}
