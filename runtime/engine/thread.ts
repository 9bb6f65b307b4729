/**
 * What all workers of one JavaScript thread share: the memory that stacks are saved to, the table of continuations, the tags of stops
 * and host exceptions, and the functions that instrumented code calls.
 *
 * Boundary: knows a running worker by the narrow interface `Running` alone.
 *
 * Invariants:
 * 1. At most one worker runs at a time; `current` is the one that does. So imports need no closure per worker.
 * 2. Between two slices nothing of a worker is in the save memory: who runs puts its records there, who leaves takes them out.
 */
import { ENGINE, IMPORTS, UNWIND } from '../instrument/index.ts';
import { detectEngine, ENGINES } from './engines.ts';
import { findPromiseIntegration } from './promise-integration.ts';
import { TurnQueue } from './turn-queue.ts';

/** A worker as instrumented code sees it. */
export interface Running {
  /** Charge points that found no fuel: gives new fuel, at least `charge`, or UNWIND or TURN. */
  poll(remaining: number, charge: number): number;
  /** The same at a function's entry. */
  enter(remaining: number, charge: number): number;
  /** After TURN: gives a promise of new fuel or UNWIND, until when the stack is put aside. */
  turn(charge: number): Promise<number>;
  /** Charges an instruction for `bytes`; gives the fuel that is left. */
  bulk(bytes: number, fuel: number): number;
  readonly room: { growMemory(pages: number): boolean; growTable(elements: number): boolean };
  callImport(index: number, args: readonly unknown[]): unknown;
}

const PAGE_BYTES = 65536;
const SAVE_PAGES_FIRST = 4;
const SAVE_PAGES_MAX = 16384;

export class EngineThread {
  readonly save = new WebAssembly.Memory({ initial: SAVE_PAGES_FIRST, maximum: SAVE_PAGES_MAX });
  readonly continuations = new WebAssembly.Table({ element: 'anyfunc', initial: 64 });
  readonly stopTag = new WebAssembly.Tag({ parameters: [] });
  readonly foreignTag = new WebAssembly.Tag({ parameters: ['externref'] });
  readonly stopSignal = new WebAssembly.Exception(this.stopTag, []);
  current: Running | undefined;
  /** Puts stacks aside; undefined: slices end by leaving the stack. */
  readonly stacks = ENGINES[detectEngine()].suspends ? findPromiseIntegration() : undefined;
  /** Who runs next. */
  readonly queue = new TurnQueue();
  /** Stacks that are put aside. */
  suspended = 0;

  /** The imports of module `p`, the same for every worker. */
  readonly imports: Readonly<Record<string, WebAssembly.ImportValue>> = {
    [ENGINE.poll]: (remaining: number, charge: number): number => this.current?.poll(remaining, charge) ?? UNWIND,
    [ENGINE.enter]: (remaining: number, charge: number): number => this.current?.enter(remaining, charge) ?? UNWIND,
    [ENGINE.turn]: this.#turn(),
    [ENGINE.bulk]: (bytes: number, fuel: number): number => this.current?.bulk(bytes >>> 0, fuel) ?? fuel,
    [ENGINE.growMemory]: (_: number, pages: number): number =>
      this.current?.room.growMemory(pages >>> 0) === true ? 1 : 0,
    [ENGINE.growTable]: (_: number, count: number): number =>
      this.current?.room.growTable(count >>> 0) === true ? 1 : 0,
    [ENGINE.stop]: this.stopTag as unknown as WebAssembly.ImportValue, // the library's types lack tags here
    [ENGINE.foreign]: this.foreignTag as unknown as WebAssembly.ImportValue,
    [ENGINE.save]: this.save,
    [ENGINE.resume]: this.continuations,
  };

  #turn(): WebAssembly.ImportValue {
    const turn = (_: number, charge: number): number | Promise<number> => this.current?.turn(charge) ?? UNWIND;
    return this.stacks?.suspending(turn) ?? turn;
  }

  readonly #importFuncs: ((...args: unknown[]) => unknown)[] = [];

  /** The function that stands for the guest's import of that index, whichever worker calls it. */
  importFunc(index: number): (...args: unknown[]) => unknown {
    return (this.#importFuncs[index] ??= (...args) => this.current?.callImport(index, args));
  }

  /** Whether what was thrown is a stop; by identity of the tag, which no guest has. */
  isStop(thrown: unknown): boolean {
    return thrown === this.stopSignal || (thrown instanceof WebAssembly.Exception && thrown.is(this.stopTag));
  }

  /** A view of the save memory; valid until the memory grows. */
  saveView(): DataView {
    return new DataView(this.save.buffer);
  }

  /** Makes room in the save memory. */
  reserve(sizeBytes: number): void {
    const missing = sizeBytes - this.save.buffer.byteLength;
    if (missing > 0) this.save.grow(Math.ceil(missing / PAGE_BYTES));
  }

  /** Makes room in the table of continuations. */
  reserveContinuations(count: number): void {
    const missing = count - this.continuations.length;
    if (missing > 0) this.continuations.grow(missing + 64);
  }
}

let shared: EngineThread | undefined;

/** The thread that this code runs on. */
export function currentThread(): EngineThread {
  return (shared ??= new EngineThread());
}

/** Import objects that every instance of a module gets beside the guest's imports. */
export const engineImports = (thread: EngineThread): WebAssembly.Imports => ({ [IMPORTS.engine]: thread.imports });
