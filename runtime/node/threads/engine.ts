/**
 * One engine as the main thread has it: its workers, the modules and files that it has, its end.
 *
 * Invariants:
 * 1. A module and the files of a worker are on the engine before the worker is made, and stay as long as a worker there needs them.
 * 2. When the engine ends, whatever the reason, each of its workers is told once.
 */
import { PluvioError } from '../../errors/index.ts';
import type { Answer } from '../../host/index.ts';
import type {
  Compiled,
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
import { Rpc } from './rpc.ts';

/** A module that workers can be made of. */
export interface EngineModule extends ModuleInfo {
  readonly bytes: Uint8Array;
  readonly compiled: Compiled | null;
}

export interface PlacedFiles {
  readonly key: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
}

/** What is on the engine and how many workers use it. */
interface Held {
  users: number;
  readonly loaded: Promise<unknown>;
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
  readonly #modules = new Map<string, Held>();
  readonly #files = new Map<string, Held>();
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
        abandoned: ({ id, ask }) => this.#workers.get(id)?.abandoned(ask),
        logged: ({ id, entry }) => this.#workers.get(id)?.logged(entry),
        limited: ({ id, scope, limit }) => this.#workers.get(id)?.limited(scope, limit),
      },
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
    const { info, compiled } = await this.ask('loadModule', { digest, bytes, compiled: null });
    return { ...info, bytes, compiled };
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

  /** A second worker in the state of one that does not run. @throws PluvioError as `Worker.fork` */
  async fork(
    from: EngineWorker,
    module: EngineModule,
    spec: Omit<GuestSpec, 'files'>,
    files: PlacedFiles | undefined,
    owner: EngineWorkerOwner,
  ): Promise<EngineWorker> {
    return this.#make(module, files, owner, (id) =>
      this.ask('fork', { id, from: from.id, spec: { ...spec, files: files?.key ?? null } }),
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
    const needs = [this.#hold(this.#modules, digest, () => this.ask('loadModule', { digest, bytes, compiled }))];
    if (files !== undefined) needs.push(this.#hold(this.#files, files.key, () => this.ask('loadFiles', files)));
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

  #hold(held: Map<string, Held>, key: string, load: () => Promise<unknown>): Promise<unknown> {
    const known = held.get(key);
    if (known !== undefined) {
      known.users++;
      return known.loaded;
    }
    const loaded = load();
    held.set(key, { users: 1, loaded });
    loaded.catch(() => held.delete(key));
    return loaded;
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
    const module = this.#modules.get(uses.module);
    if (module !== undefined) module.users--;
    const files = uses.files === null ? undefined : this.#files.get(uses.files);
    if (files !== undefined) files.users--;
  }

  /** Lets go of modules and files that no worker here uses. */
  trim(): void {
    for (const [digest, { users }] of this.#modules) {
      if (users > 0) continue;
      this.#modules.delete(digest);
      void this.ask('dropModule', { digest }).catch(() => undefined);
    }
    for (const [key, { users }] of this.#files) {
      if (users > 0) continue;
      this.#files.delete(key);
      void this.ask('dropFiles', { key }).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#started.end();
    await this.ended;
  }
}
