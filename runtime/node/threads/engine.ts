/**
 * One engine as the main thread has it: its workers, the modules and files that it has, its end.
 *
 * Invariants:
 * 1. A module and the files of a worker are on the engine before the worker is made, and stay as long as a worker there needs them.
 * 2. When the engine ends, whatever the reason, each of its workers is told once.
 */
import { PluvioError } from '../../errors/index.ts';
import { ABI_MODULE, type Answer } from '../../host/index.ts';
import type {
  Compiled,
  DoneInputs,
  EngineNotices,
  EngineOperations,
  EngineQuestions,
  EngineReports,
  GuestSpec,
  GuestState,
  ModuleInfo,
} from './engine-protocol.ts';
import type { StartedEngine } from './engine-start.ts';
import { EngineWorker, type EngineWorkerOwner } from './engine-worker.ts';
import { HeldThings } from './held-things.ts';
import { Rpc } from './rpc.ts';

/** A module that workers can be made of. */
export interface EngineModule extends ModuleInfo {
  readonly bytes: Uint8Array;
  readonly compiled: Compiled | null;
  /** Names of its exported functions. */
  readonly funcs: ReadonlySet<string>;
  /** Whether it imports the host ABI. */
  readonly usesAbi: boolean;
}

export interface PlacedFiles {
  readonly key: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** The worker is gone. */
const UNKNOWN: Answer = { ok: false, code: 'CANCELLED' };

let nextId = 1;

export class Engine {
  readonly #started: StartedEngine;
  readonly #rpc: Rpc<EngineOperations, EngineNotices, EngineQuestions, EngineReports>;
  readonly #workers = new Map<number, EngineWorker>();
  /** Workers whose making is on its way. */
  #coming = 0;
  readonly #modules = new HeldThings(() => performance.now());
  readonly #files = new HeldThings(() => performance.now());
  /** Modules and files by worker. */
  readonly #uses = new Map<number, { readonly module: string; readonly files: string | null }>();
  /** Resolves when the engine has ended. */
  readonly ended: Promise<string>;
  #closing = false;
  #utilization = 0;

  constructor(started: StartedEngine) {
    this.#started = started;
    this.#rpc = new Rpc(
      started.port,
      {
        abiAsk: ({ id, ask }) => this.#workers.get(id)?.asked(ask) ?? UNKNOWN,
        abiSettled: async ({ id, input }) => {
          await this.#workers.get(id)?.messageOver(input);
          return undefined;
        },
      },
      {
        states: (changes) => {
          for (const { id, state, wake } of changes) this.#workers.get(id)?.stateChanged(state, wake);
        },
        output: ({ id, pieces }) => this.#workers.get(id)?.wrote(pieces),
        stdinWanted: ({ id }) => this.#workers.get(id)?.wantsInput(),
        effect: ({ id, effect }) => this.#workers.get(id)?.did(effect),
        written: ({ id, piece }) => this.#workers.get(id)?.answerWritten(piece),
        abandoned: ({ id, ask }) => this.#workers.get(id)?.abandoned(ask),
        logged: ({ id, entry }) => this.#workers.get(id)?.logged(entry),
        limited: ({ id, scope, limit }) => this.#workers.get(id)?.limited(scope, limit),
      },
      'round',
    );
    this.ended = started.ended.then((reason) => {
      this.#rpc.lose(new PluvioError('ENGINE_LOST', `the engine of the worker has ended: ${reason}`));
      for (const worker of this.#workers.values()) worker.lost();
      this.#workers.clear();
      return reason;
    });
  }

  /** How many workers it has. */
  get load(): number {
    return this.#workers.size + this.#coming;
  }

  get workers(): IterableIterator<EngineWorker> {
    return this.#workers.values();
  }

  /** Whether its end was asked for. */
  get isClosing(): boolean {
    return this.#closing;
  }

  /** Part of the time that it was busy since the last sample, 0 to 1. */
  get utilization(): number {
    return this.#utilization;
  }

  /** Takes a sample of how busy it is. */
  sample(): void {
    this.#utilization = this.#started.utilization();
  }

  /** Workers whose call runs now. */
  get running(): number {
    let count = 0;
    for (const { state } of this.#workers.values()) if (state === 'running') count++;
    return count;
  }

  get pid(): number | undefined {
    return this.#started.pid;
  }

  ask<Op extends keyof EngineOperations>(
    op: Op,
    body: EngineOperations[Op]['body'],
  ): Promise<EngineOperations[Op]['answer']> {
    return this.#rpc.ask(op, body);
  }

  tell<Op extends keyof EngineNotices>(op: Op, body: EngineNotices[Op]): void {
    this.#rpc.tell(op, body);
  }

  /** Decodes, checks and compiles a module. @throws PluvioError the engine's codes for a module that it does not take */
  async loadModule(digest: string, bytes: Uint8Array): Promise<EngineModule> {
    const loading = this.ask('loadModule', { digest, bytes, compiled: null });
    // It stays a while, for the worker that is to come.
    const [{ info, compiled }] = await Promise.all([loading, this.#modules.hold(digest, () => loading)]);
    this.#modules.release(digest);
    const funcs = new Set(info.exports.flatMap(({ name, kind }) => (kind === 'func' ? [name] : [])));
    // Requests of wasi:http are inputs of the ABI.
    const usesAbi = info.imports.some(({ module }) => module === ABI_MODULE || module.startsWith('wasi:http/'));
    return { ...info, bytes, compiled, funcs, usesAbi };
  }

  /** @throws PluvioError as `createWorker` and `restoreWorker` */
  async create(
    module: EngineModule,
    spec: Omit<GuestSpec, 'files'>,
    files: PlacedFiles | undefined,
    state: GuestState | null,
    owner: EngineWorkerOwner,
  ): Promise<EngineWorker> {
    return this.#make(module, files, owner, (id) =>
      this.ask('create', { id, module: module.digest, spec: { ...spec, files: files?.key ?? null }, state }),
    );
  }

  /**
   * A second worker in the state of one that does not run.
   * @param done Inputs of that one that it will never be given.
   * @throws PluvioError as `Worker.fork`
   */
  async fork(
    from: EngineWorker,
    module: EngineModule,
    spec: Omit<GuestSpec, 'files'>,
    files: PlacedFiles | undefined,
    done: DoneInputs,
    owner: EngineWorkerOwner,
  ): Promise<EngineWorker> {
    return this.#make(module, files, owner, (id) =>
      this.ask('fork', { id, from: from.id, spec: { ...spec, files: files?.key ?? null }, done }),
    );
  }

  async #make(
    module: EngineModule,
    files: PlacedFiles | undefined,
    owner: EngineWorkerOwner,
    make: (id: number) => Promise<EngineOperations['create']['answer']>,
  ): Promise<EngineWorker> {
    const id = nextId++;
    this.#coming++;
    this.#uses.set(id, { module: module.digest, files: files?.key ?? null });
    const { digest, bytes, compiled } = module;
    const needs = [this.#modules.hold(digest, () => this.ask('loadModule', { digest, bytes, compiled }))];
    if (files !== undefined) needs.push(this.#files.hold(files.key, () => this.ask('loadFiles', files)));
    try {
      await Promise.all(needs);
      const figures = await make(id);
      const worker = new EngineWorker(this, id, owner, figures);
      this.#workers.set(id, worker);
      return worker;
    } catch (error) {
      this.#release(id);
      throw error;
    } finally {
      this.#coming--;
    }
  }

  /** A worker is gone. */
  forget(id: number): void {
    this.#workers.delete(id);
    this.#release(id);
  }

  #release(id: number): void {
    const uses = this.#uses.get(id);
    this.#uses.delete(id);
    if (uses === undefined) return;
    this.#modules.release(uses.module);
    if (uses.files !== null) this.#files.release(uses.files);
  }

  /** How many modules it has. */
  get modules(): number {
    return this.#modules.size;
  }

  hasModule(digest: string): boolean {
    return this.#modules.has(digest);
  }

  /** Lets go of modules and files that no worker here has used for so long. */
  trim(afterMs: number): void {
    const gone = (_: unknown): undefined => undefined; // the engine may have ended
    for (const digest of this.#modules.trim(afterMs)) this.ask('dropModule', { digest }).catch(gone);
    for (const key of this.#files.trim(afterMs)) this.ask('dropFiles', { key }).catch(gone);
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#started.end();
    await this.ended;
  }
}
