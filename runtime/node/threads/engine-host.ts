/**
 * The engine's side: modules, files and workers of one thread or process, run by turns.
 *
 * Boundary: knows engine and host layers; of the node only the protocol. Nothing here outlives the thread: the main thread has
 * everything that is needed to make it again.
 */
import { setImmediate } from 'node:timers/promises';
import {
  decodeSnapshot,
  describeStack,
  type LoadedModule,
  loadModule,
  type MemoryBudget,
  type ModuleCache,
  type Snapshot,
  type StackView,
  stackViewOf,
} from '../../engine/index.ts';
import { programOf } from '../../component/index.ts';
import { componentFunctions } from './component-functions.ts';
import { PluvioError } from '../../errors/index.ts';
import { EngineTenants } from '../quotas/tenant-share.ts';
import { decodeModule } from '../../wasm/index.ts';
import { openModuleCache } from '../module-cache.ts';
import type {
  EngineNotices,
  EngineOperations,
  EngineQuestions,
  EngineReports,
  EngineSetup,
} from './engine-protocol.ts';
import { Guest, type GuestOptions } from './guest.ts';
import { FixedBudget, PageBudget } from './page-budget.ts';
import type { Port } from './port.ts';
import { type Answerer, type Listener, Rpc, Transferring } from './rpc.ts';

/** Listens when it returns: what is sent to a thread that does not yet listen may be lost (in Deno it is). */
export function serveEngine(port: Port, setup: EngineSetup): void {
  const cache = setup.moduleFolder === null ? undefined : openModuleCache(setup.moduleFolder);
  const budget =
    setup.memory === null ? new FixedBudget(setup.memoryPages) : new PageBudget(setup.memory, setup.memorySlot);
  new EngineHost(port, cache, budget, setup);
}

class EngineHost {
  readonly #rpc: Rpc<EngineQuestions, EngineReports, EngineOperations, EngineNotices>;
  readonly #cache: Promise<ModuleCache> | undefined;
  readonly #budget: MemoryBudget;
  readonly #sharesCode: boolean;
  readonly #tenants: EngineTenants;
  readonly #modules = new Map<string, LoadedModule>();
  readonly #files = new Map<string, Readonly<Record<string, Uint8Array>>>();
  readonly #guests = new Map<number, Guest>();
  /** Whose state is to be told, once the event loop comes to it. */
  readonly #changed = new Set<number>();

  constructor(port: Port, cache: Promise<ModuleCache> | undefined, budget: MemoryBudget, setup: EngineSetup) {
    this.#sharesCode = setup.sharesCode;
    this.#tenants = new EngineTenants(setup.memorySlot);
    this.#cache = cache;
    this.#budget = budget;
    this.#rpc = new Rpc(port, this.#answers(), this.#hears(), 'replies');
  }

  #answers(): Answerer<EngineOperations> {
    return {
      loadModule: (body) => this.#loadModule(body),
      dropModule: ({ digest }) => void this.#modules.delete(digest),
      loadFiles: ({ key, files }) => void this.#files.set(key, files),
      dropFiles: ({ key }) => void this.#files.delete(key),
      create: async ({ id, module, spec, state }) => {
        const loaded = this.#modules.get(module);
        if (loaded === undefined) throw new PluvioError('INTERNAL', `module ${module} was not loaded`);
        return this.#add(id, await Guest.open(loaded, state, this.#options(id, spec)));
      },
      fork: async ({ id, from, spec, done }) => {
        await setImmediate(); // standard input that came before arrives first
        const parent = this.#guest(from);
        parent.output.flush();
        const twin = await parent.fork(this.#options(id, spec));
        twin.settleInputs(done);
        return this.#add(id, twin);
      },
      call: async ({ id, name, args, input, keeps }) => {
        const ended = await this.#guest(id).call(name, args, input, keeps);
        return new Transferring(ended, ended.snapshot === null ? [] : buffersOf([ended.snapshot.bytes]));
      },
      deliver: ({ id, inputs }) => this.#guest(id).deliver(inputs),
      start: ({ id }) => this.#guest(id).run((worker) => worker.start()),
      resume: ({ id }) => this.#guest(id).run((worker) => worker.resume()),
      stop: async ({ id }) => {
        const guest = this.#guest(id);
        await guest.worker.stop();
        return guest.figures;
      },
      cancel: ({ id, reason }) => this.#guest(id).cancel(reason),
      capture: ({ id }) => this.#capture(this.#guest(id)),
      snapshot: async ({ id, form }) => {
        const guest = this.#guest(id);
        await setImmediate(); // standard input that came before arrives first
        guest.output.flush();
        const state = guest.take(form);
        return new Transferring({ state, figures: guest.figures }, buffersOf([state.bytes]));
      },
      figures: ({ id }) => this.#guest(id).figures,
      stack: ({ id, most }) => stackViewOf(this.#guest(id).worker, most),
      keptStack: (kept) => keptStack(kept),
      standing: ({ id }) => this.#guest(id).standing,
      settleInputs: ({ id, done }) => this.#guest(id).settleInputs(done),
      close: async ({ id }) => {
        const guest = this.#guest(id);
        await guest.close();
        this.#guests.delete(id);
        return undefined;
      },
    };
  }

  #hears(): Listener<EngineNotices> {
    return {
      stdin: ({ id, bytes }) => this.#guests.get(id)?.input.give(bytes),
      outputTaken: ({ id, heldBytes }) => this.#guests.get(id)?.output.taken(heldBytes),
      cancelInput: ({ id, seq }) => this.#guests.get(id)?.cancelInput(seq),
      bodyPart: ({ id, name, part }) => this.#guests.get(id)?.addBody(name, part),
      skipInput: ({ id, seq }) => this.#guests.get(id)?.skipInput(seq),
    };
  }

  #guest(id: number): Guest {
    const guest = this.#guests.get(id);
    if (guest === undefined) throw new PluvioError('WORKER_CLOSED', `the engine has no worker ${id}`);
    return guest;
  }

  #options(id: number, spec: GuestOptions['spec']): GuestOptions {
    const files = spec.files === null ? {} : this.#files.get(spec.files);
    if (files === undefined) throw new PluvioError('INTERNAL', `files ${spec.files} were not loaded`);
    return {
      id,
      spec,
      files,
      memoryBudget: this.#budget,
      budgets: this.#tenants.budgetsOf(spec.tenant),
      report: (op, body) => this.#rpc.tell(op, body),
      ask: (ask) => this.#rpc.ask('abiAsk', { id, ask }),
      settled: (input) => this.#rpc.ask('abiSettled', { id, input }),
      changed: (changed) => this.#stateChanged(changed),
    };
  }

  #stateChanged(id: number): void {
    if (this.#changed.size === 0) void setImmediate().then(() => this.#tellStates());
    this.#changed.add(id);
  }

  #tellStates(): void {
    const states = [...this.#changed].flatMap((id) => {
      const guest = this.#guests.get(id);
      if (guest === undefined) return [];
      guest.output.flush();
      const { state, wake } = guest.figures;
      return state === 'running' || state === 'waiting' ? [{ id, state, wake }] : [];
    });
    this.#changed.clear();
    if (states.length > 0) this.#rpc.tell('states', states);
  }

  #add(id: number, guest: Guest): Guest['figures'] {
    this.#guests.set(id, guest);
    return guest.figures;
  }

  async #loadModule({
    digest,
    bytes,
    compiled,
  }: EngineOperations['loadModule']['body']): Promise<EngineOperations['loadModule']['answer']> {
    const cache = await this.#cache;
    const options = { ...(cache && { cache }), ...(compiled && { compiled }) };
    const module = await loadModule(bytes, options);
    this.#modules.set(digest, module);
    const { exports, imports, portability, instrumentedBytes } = module;
    const functions = componentFunctions(module);
    const facts = { digest: module.digest, exports, imports, portability, instrumentedBytes };
    const info = functions === undefined ? facts : { ...facts, functions };
    const gives = compiled === null && this.#sharesCode;
    return { info, compiled: gives ? { module: module.compiled, instrumentedBytes } : null };
  }

  async #capture(guest: Guest): Promise<Transferring<Snapshot>> {
    await setImmediate(); // standard input that came before arrives first
    guest.output.flush();
    const snapshot = guest.worker.capture();
    const runs = snapshot.instances.flatMap(({ memories }) => memories.flatMap((memory) => memory.runs));
    return new Transferring(snapshot, buffersOf(runs.map(({ bytes }) => bytes)));
  }
}

/** @throws PluvioError codes of the module and of the snapshot */
function keptStack({ module, state, most }: EngineOperations['keptStack']['body']): StackView {
  const places = state instanceof Uint8Array ? decodeSnapshot(state).frames : state;
  return describeStack(places, decodeModule(programOf(module).bytes), { most });
}

/** The buffers of these bytes, each once, as far as they can be given away. */
function buffersOf(pieces: readonly Uint8Array[]): ArrayBuffer[] {
  const buffers = new Set(pieces.map(({ buffer }) => buffer));
  return [...buffers].filter((buffer): buffer is ArrayBuffer => buffer instanceof ArrayBuffer);
}
