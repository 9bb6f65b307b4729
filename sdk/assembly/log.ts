import { encode, startOf } from './bytes';
import { JsonWriter } from './json-writer';
import * as abi from './pluvio_v1';
import { done } from './status';

/** Members of a log entry beside its message. */
export type Fields = Map<string, string>;

function write(level: u32, message: string, fields: Fields | null): void {
  const text = encode(message);
  if (fields === null || fields.size == 0) {
    done('log', abi.log(level, startOf(text), text.length, 0, 0));
    return;
  }
  const json = new JsonWriter();
  json.beginObject();
  const names = fields.keys();
  for (let i = 0; i < names.length; i++) {
    json.member(names[i]);
    json.string(fields.get(names[i]));
  }
  json.endObject();
  const bytes = json.bytes();
  done('log', abi.log(level, startOf(text), text.length, startOf(bytes), bytes.length));
}

/** Writes to the worker's log. Values of secrets that the worker has read are masked. */
export namespace log {
  /** @example log.trace("entered"); */
  export function trace(message: string, fields: Fields | null = null): void {
    write(abi.LOG_TRACE, message, fields);
  }

  /** @example log.debug("3 rows"); */
  export function debug(message: string, fields: Fields | null = null): void {
    write(abi.LOG_DEBUG, message, fields);
  }

  /** @example const fields = new Map<string, string>(); fields.set("order", "17"); log.info("paid", fields); */
  export function info(message: string, fields: Fields | null = null): void {
    write(abi.LOG_INFO, message, fields);
  }

  /** @example log.warn("late"); */
  export function warn(message: string, fields: Fields | null = null): void {
    write(abi.LOG_WARN, message, fields);
  }

  /** @example log.error("no answer"); */
  export function error(message: string, fields: Fields | null = null): void {
    write(abi.LOG_ERROR, message, fields);
  }
}
