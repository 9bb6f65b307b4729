import { Packr } from 'msgpackr';
import { Pending } from '../../runtime/engine/pending.ts';
import type { HostFunction } from '../../runtime/engine/types.ts';
import { createWasi, type WasiHost, type WasiOptions } from '../../runtime/host/index.ts';

const packr = new Packr({ useRecords: false });

/** Takes data through MessagePack, as a snapshot does. */
export const throughBytes = (data: unknown): unknown => packr.unpack(packr.pack(data));

type Module = keyof WasiHost['imports'];

export function noExports(): never {
  throw new Error('this guest has no functions');
}

/** A guest without code: the test calls the host functions and looks into the memory by hand. */
export class HandGuest {
  readonly memory = new WebAssembly.Memory({ initial: 2, maximum: 8 });
  readonly host: WasiHost;
  restartState: unknown;

  constructor(options: WasiOptions = {}) {
    this.host = createWasi(options);
    this.host.bind({ memory: () => this.memory, restartState: () => this.restartState, exported: noExports });
  }

  /** Calls a host function: an errno or a Pending. */
  call(name: string, ...args: (number | bigint)[]): unknown {
    return this.callOf('wasi_snapshot_preview1', name, ...args);
  }

  callOf(module: Module, name: string, ...args: (number | bigint)[]): unknown {
    const functions: Readonly<Record<string, HostFunction>> = this.host.imports[module];
    return (functions[name] as (...args: readonly unknown[]) => unknown)(...args); // the name of a host function
  }

  /** Calls a host function that must wait. */
  wait(name: string, ...args: (number | bigint)[]): Pending {
    const result = this.call(name, ...args);
    if (result instanceof Pending) return result;
    throw new Error(`${name} did not wait but gave ${String(result)}`);
  }

  get view(): DataView {
    return new DataView(this.memory.buffer);
  }

  /** Puts text into the memory; gives the arguments (address, length). */
  text(text: string, at = 1024): [number, number] {
    const bytes = new TextEncoder().encode(text);
    new Uint8Array(this.memory.buffer).set(bytes, at);
    return [at, bytes.length];
  }

  readText(at: number, length: number): string {
    return new TextDecoder().decode(new Uint8Array(this.memory.buffer, at, length));
  }

  /** Puts one iovec at address 16 for a buffer at address 4096; gives the arguments (address, count). */
  vector(length: number): [number, number] {
    this.view.setUint32(16, 4096, true);
    this.view.setUint32(20, length, true);
    return [16, 1];
  }

  /** Opens a path below the first preopened directory with all rights that it passes on; the errno or the descriptor. */
  open(path: string, oflags = 0): { errno: number; fd: number } {
    const rights =
      oflags === 2 ? 0n : (1n << 1n) | (1n << 6n) | (1n << 2n) | (1n << 5n) | (1n << 22n) | (1n << 8n) | (1n << 21n);
    const errno = Number(this.call('path_open', 3, 1, ...this.text(path), oflags, rights, 0n, 0, 8));
    return { errno, fd: this.view.getUint32(8, true) };
  }

  /** Writes to a descriptor; the errno and how much was written. */
  write(fd: number, length: number): { errno: unknown; count: number } {
    const errno = this.call('fd_write', fd, ...this.vector(length), 8);
    return { errno, count: this.view.getUint32(8, true) };
  }

  /** A new guest with the state and memory of this one. */
  moved(options: WasiOptions = {}): HandGuest {
    const twin = new HandGuest(options);
    twin.host.restore(throughBytes(this.host.snapshot()));
    new Uint8Array(twin.memory.buffer).set(new Uint8Array(this.memory.buffer));
    return twin;
  }
}
