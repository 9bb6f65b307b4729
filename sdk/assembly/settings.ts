import { encode, startOf, takeText } from './bytes';
import { config_get, NOT_FOUND, secret_get } from './pluvio_v1';
import { done } from './status';

/** The manifest's configuration. Capability `config`, by key. */
export namespace config {
  /**
   * A value; null: there is none of that key.
   *
   * @example assert(config.get("greeting") == "hello"); assert(config.get("none") == null);
   */
  export function get(key: string): string | null {
    const bytes = encode(key);
    const length = config_get(startOf(bytes), bytes.length);
    return length == NOT_FOUND ? null : takeText(done('config.get ' + key, length));
  }
}

/** Secrets of the node. Capability `secrets`, by name. */
export namespace secrets {
  /**
   * A secret as the node has it now; null: it has none of that name. What is kept of it is part of the worker's state.
   *
   * @example assert(secrets.get("API_KEY") == "s3cret"); assert(secrets.get("OTHER") == null);
   */
  export function get(name: string): string | null {
    const bytes = encode(name);
    const length = secret_get(startOf(bytes), bytes.length);
    return length == NOT_FOUND ? null : takeText(done('secrets.get ' + name, length));
  }
}
