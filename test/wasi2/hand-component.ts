/** A component without code: the test makes its calls of WASI 0.2 with values, and keeps what it is given. */
import { Pending } from '../../runtime/engine/pending.ts';
import { checkParams, checkResult } from '../../runtime/host/component/canonical/functions.ts';
import type { ComponentHost, Resource } from '../../runtime/host/component/component-host.ts';
import { createWasi2 } from '../../runtime/host/wasi2/index.ts';
import { throughBytes } from '../wasi/hand-guest.ts';
import { WASI_TYPES } from './wasi-types.ts';

type Options = Parameters<typeof createWasi2>[0];

export interface Result {
  readonly tag: 'ok' | 'err';
  readonly val?: unknown;
}

export class HandComponent {
  readonly host: ComponentHost;

  constructor(options: Options = {}) {
    this.host = createWasi2(options);
  }

  /** Calls a function, by the interface without `wasi:` and version; where npm has its type, values are checked by it. */
  call(of: string, name: string, ...args: readonly unknown[]): unknown {
    const func = this.host.interfaces[`wasi:${of}@0.2`]?.[name];
    const type = WASI_TYPES?.get(`wasi:${of}@0.2 ${name}`);
    if (func === undefined) throw new Error(`there is no ${of} ${name}`);
    if (type !== undefined) checkParams(type, args);
    const result = func(...(args as never[])); // values of the types in WIT
    if (type !== undefined && !(result instanceof Pending)) checkResult(type, result, name);
    return result;
  }

  /** The same of one that gives a resource. */
  resource(of: string, name: string, ...args: readonly unknown[]): Resource {
    return this.call(of, name, ...args) as Resource; // as WIT says
  }

  /** The same of one that gives a result; gives its value. @throws Error: it is an error */
  ok(of: string, name: string, ...args: readonly unknown[]): unknown {
    const result = this.call(of, name, ...args) as Result; // as WIT says
    if (result.tag === 'ok') return result.val;
    throw new Error(`${of} ${name} gave ${JSON.stringify(result.val)}`);
  }

  /** The same of one that must fail; gives the reason. */
  err(of: string, name: string, ...args: readonly unknown[]): unknown {
    const result = this.call(of, name, ...args) as Result; // as WIT says
    if (result.tag === 'err') return result.val;
    throw new Error(`${of} ${name} gave ${JSON.stringify(result.val)}`);
  }

  /** A call that waits. */
  waits(of: string, name: string, ...args: readonly unknown[]): Pending {
    const result = this.call(of, name, ...args);
    if (result instanceof Pending && result.again) return result;
    throw new Error(`${of} ${name} did not wait`);
  }

  /** Moves to another host, through bytes; gives what the resources are there. */
  move(
    resources: readonly Resource[],
    options: Options = {},
  ): { moved: HandComponent; resources: readonly Resource[] } {
    const moved = new HandComponent(options);
    return { moved, resources: moved.host.restore(throughBytes(this.host.snapshot(resources))) };
  }
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (bytes: unknown): string => new TextDecoder().decode(bytes as Uint8Array);
