/** In place of the compiler's bindings to a browser, `~lib/bindings/dom`: what of it a worker has. */
import { encode, startOf } from 'pluvio/sdk/assembly/bytes';
import 'pluvio/sdk/assembly/globals';
import * as abi from 'pluvio/sdk/assembly/pluvio_v1';

function write(level: u32, text: string): void {
  const bytes = encode(text);
  abi.log(level, startOf(bytes), bytes.length, 0, 0);
}

export namespace console {
  export function assert(condition: bool, message: string): void {
    if (!condition) write(abi.LOG_ERROR, 'assertion failed: ' + message);
  }

  export function log(message: string): void {
    write(abi.LOG_INFO, message);
  }

  export function debug(message: string): void {
    write(abi.LOG_DEBUG, message);
  }

  export function info(message: string): void {
    write(abi.LOG_INFO, message);
  }

  export function warn(message: string): void {
    write(abi.LOG_WARN, message);
  }

  export function error(message: string): void {
    write(abi.LOG_ERROR, message);
  }

  export function time(label: string): void {
    write(abi.LOG_DEBUG, label + ' begins');
  }

  export function timeLog(label: string): void {
    write(abi.LOG_DEBUG, label + ' goes on');
  }

  export function timeEnd(label: string): void {
    write(abi.LOG_DEBUG, label + ' ends');
  }
}

export namespace Math {
  export const E: f64 = 2.718281828459045;
}

export namespace Date {
  export function now(): f64 {
    return <f64>(abi.time_now() / 1000000);
  }
}

export namespace performance {
  export function now(): f64 {
    return <f64>abi.time_now() / 1000000;
  }
}

export namespace crypto {
  export function getRandomValues(array: Uint8Array): void {
    abi.random(startOf(array), array.length);
  }
}
