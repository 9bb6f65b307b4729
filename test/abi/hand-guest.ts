import { Pending } from '../../runtime/engine/pending.ts';
import {
  ABI_ERRORS,
  type AbiErrorName,
  type AbiHost,
  type AbiOptions,
  CAPABILITIES,
  createAbi,
  HOST_CALLS,
  type HostCallName,
  type Input,
  type InputInfo,
} from '../../runtime/host/abi/index.ts';
import { encodePlain } from '../../runtime/engine/messagepack.ts';
import { noExports, throughBytes } from '../wasi/hand-guest.ts';
import { ScriptedServices } from './scripted-services.ts';

/** Everything, everywhere. */
export const ALL_GRANTS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(CAPABILITIES).map(([name, { scopes }]) => [name, scopes === 'none' ? [] : ['*']]),
);

export type GuestOptions = Partial<AbiOptions> & { readonly services?: ScriptedServices };

const encoder = new TextEncoder();
const OUT = 65_536;

export function input(seq: number, body = '', info: Partial<InputInfo> = {}): Input {
  return { seq, info: { id: `k${seq}`, kind: 'message', ...info }, body: encoder.encode(body) };
}

/** A guest without code: the test makes host calls and looks into the memory by hand. */
export class HandGuest {
  readonly memory = new WebAssembly.Memory({ initial: 4, maximum: 8 });
  readonly services: ScriptedServices;
  readonly host: AbiHost;
  /** What the call in progress has left for its next execution: for the first call from now on, as the engine gives it. */
  restartState: unknown;
  #fresh: unknown;

  constructor(options: GuestOptions = {}) {
    this.services = options.services ?? new ScriptedServices();
    this.host = createAbi({
      self: { name: 'hand' },
      grants: ALL_GRANTS,
      setTimer: this.services.setTimer,
      ...options,
      services: this.services,
    });
    this.host.bind({ memory: () => this.memory, restartState: () => this.#fresh, exported: noExports });
  }

  /** Makes a host call with WebAssembly values. */
  raw(name: string, ...args: readonly unknown[]): unknown {
    const calls: Readonly<Record<string, unknown>> = this.host.imports.pluvio_v1;
    this.#fresh = this.restartState;
    this.restartState = undefined;
    return (calls[name] as (...args: readonly unknown[]) => unknown)(...args); // the name of a call
  }

  /** Makes a host call: texts and bytes go to the memory one behind the other; a missing buffer is put at OUT. */
  call(name: HostCallName, ...args: readonly (string | Uint8Array | number | bigint)[]): unknown {
    let at = 0;
    const values = args.flatMap((arg) => {
      if (typeof arg === 'number' || typeof arg === 'bigint') return [arg];
      const bytes = typeof arg === 'string' ? encoder.encode(arg) : arg;
      new Uint8Array(this.memory.buffer).set(bytes, at);
      at += bytes.length;
      return [at - bytes.length, bytes.length];
    });
    return this.raw(name, ...values);
  }

  /** A call that must wait. */
  wait(name: HostCallName, ...args: readonly (string | Uint8Array | number | bigint)[]): Pending {
    const result = this.call(name, ...args);
    if (!(result instanceof Pending)) throw new Error(`${name} did not wait but gave ${String(result)}`);
    return result;
  }

  /** What a call with a buffer copied, 1000 bytes at most. */
  read(name: HostCallName, offset = 0): string {
    const count = this.raw(name, OUT, 1000, offset);
    return new TextDecoder().decode(new Uint8Array(this.memory.buffer, OUT, Number(count)));
  }

  /** The result register. */
  result(): string {
    return this.read('result_read');
  }

  json(): unknown {
    return JSON.parse(this.result());
  }

  /** The state as a snapshot has it, a character for each byte. */
  stateText(): string {
    return new TextDecoder('latin1').decode(encodePlain(this.host.snapshot(), 'state'));
  }

  /** A new guest with the state and memory of this one, and what the call in progress has left. */
  moved(options: GuestOptions = {}, restartState?: unknown): HandGuest {
    const twin = new HandGuest({ services: this.services, ...options });
    twin.host.restore(throughBytes(this.host.snapshot()));
    new Uint8Array(twin.memory.buffer).set(new Uint8Array(this.memory.buffer));
    twin.restartState = restartState === undefined ? undefined : throughBytes(restartState);
    return twin;
  }
}

export const code = (name: AbiErrorName): number => ABI_ERRORS[name].code;
export const CALL_NAMES = Object.keys(HOST_CALLS) as HostCallName[]; // keys of the table
