/**
 * The engines of a node: started as they are needed, replaced when they end.
 *
 * Invariants:
 * 1. A worker is made on the engine with the fewest workers; a new engine is started while there are fewer than allowed and all have some.
 *    Where tenants are kept apart, an engine is of one tenant.
 * 2. An engine that ends takes no other with it; its workers' owners are told, and the next worker gets a new one in its place.
 */
import { PluvioError } from '../../errors/index.ts';
import type { Logger } from '../logger.ts';
import { Engine, type EngineModule } from './engine.ts';
import type { EngineSetup } from './engine-protocol.ts';
import { type EngineKind, STARTERS } from './engine-start.ts';
import { pageCounter, releaseSlot, SLOTS } from './page-budget.ts';

export interface EnginePoolOptions {
  readonly kind: EngineKind;
  /** Most engines at a time. */
  readonly engines: number;
  /** Pages of memory of all workers together. */
  readonly memoryPages: number;
  /** MiB of JavaScript memory, which objects of guests are in, of one thread or process. */
  readonly heapMib: number;
  /** No two tenants share an engine. */
  readonly isolatesTenants?: boolean;
  readonly moduleFolder: string | undefined;
  /** Told when the engine of a slot has ended. */
  readonly slotEnded?: (slot: number) => void;
  readonly logger: Logger;
}

export type { EngineKind };

interface Slot {
  /** The tenant that it is for, where tenants are kept apart. */
  readonly owner: string;
  readonly engine: Promise<Engine>;
  ready: Engine | undefined;
}

export class EnginePool {
  readonly #options: EnginePoolOptions;
  readonly #counter: Int32Array<SharedArrayBuffer>;
  readonly #slots: (Slot | undefined)[] = [];
  #lost = 0;

  constructor(options: EnginePoolOptions) {
    this.#options = options;
    this.#counter = pageCounter(options.memoryPages);
  }

  /** Engines that have ended without being asked to. */
  get lost(): number {
    return this.#lost;
  }

  /** Those that run. */
  get engines(): readonly Engine[] {
    return this.#slots.flatMap((slot) => (slot?.ready === undefined ? [] : [slot.ready]));
  }

  /**
   * An engine for one more worker; of its tenant alone, where tenants are kept apart.
   * @throws PluvioError `ENGINES_TOO_MANY`
   */
  async pick(tenant = ''): Promise<Engine> {
    const { engines, isolatesTenants = false } = this.#options;
    const owner = isolatesTenants ? tenant : '';
    let best: Slot | undefined;
    let free: number | undefined;
    for (let at = 0; at < Math.min(engines, SLOTS); at++) {
      const slot = this.#slots[at];
      if (slot === undefined) free ??= at;
      else if (slot.owner === owner && (best === undefined || loadOf(slot) < loadOf(best))) best = slot;
    }
    if (best !== undefined && (free === undefined || isolatesTenants || loadOf(best) === 0)) return best.engine;
    if (free !== undefined) return this.#start(free, owner).engine;
    return this.#replace(owner);
  }

  /** Ends an engine of another tenant that has nothing to do, for one of this. */
  async #replace(owner: string): Promise<Engine> {
    const at = this.#slots.findIndex((slot) => slot?.ready !== undefined && loadOf(slot) === 0);
    const idle = this.#slots[at];
    if (idle === undefined) {
      throw new PluvioError(
        'ENGINES_TOO_MANY',
        `all ${this.#options.engines} engines of this node work for other tenants`,
        {
          limit: this.#options.engines,
        },
      );
    }
    this.#slots[at] = undefined;
    void idle.engine.then((engine) => engine.close());
    return this.#start(at, owner).engine;
  }

  #start(at: number, owner: string): Slot {
    const { kind, engines, moduleFolder, memoryPages, heapMib, logger } = this.#options;
    const setup: EngineSetup = {
      moduleFolder: moduleFolder ?? null,
      memory: kind === 'process' ? null : this.#counter,
      memorySlot: at,
      // What cannot be counted together is divided.
      memoryPages: Math.floor(memoryPages / engines),
      heapMib,
      sharesCode: kind !== 'process',
    };
    const slot: Slot = {
      owner,
      engine: STARTERS[kind](setup).then((started) => new Engine(started)),
      ready: undefined,
    };
    this.#slots[at] = slot;
    void slot.engine.then(
      (engine) => {
        slot.ready = engine;
        void engine.ended.then((reason) => {
          if (this.#slots[at] === slot) this.#slots[at] = undefined;
          releaseSlot(this.#counter, at);
          this.#options.slotEnded?.(at);
          if (engine.isClosing) return;
          this.#lost++;
          logger.log('error', 'an engine has ended; its workers go on from their last checkpoints', {
            engine: at,
            reason,
          });
        });
      },
      (error: unknown) => {
        if (this.#slots[at] === slot) this.#slots[at] = undefined;
        logger.log('error', 'an engine could not be started', { engine: at, error: String(error) });
      },
    );
    return slot;
  }

  /** Decodes, checks and compiles a module, whose digest is given. @throws PluvioError the engine's codes for a module that it does not take */
  async loadModule(digest: string, bytes: Uint8Array): Promise<EngineModule> {
    return (await this.pick()).loadModule(digest, bytes);
  }

  /** Whether an engine has that module. */
  hasModule(digest: string): boolean {
    return this.engines.some((engine) => engine.hasModule(digest));
  }

  /** Lets engines forget what none of their workers has used for so long. */
  trim(afterMs: number): void {
    for (const engine of this.engines) engine.trim(afterMs);
  }

  async close(): Promise<void> {
    const engines = await Promise.allSettled(this.#slots.flatMap((slot) => (slot === undefined ? [] : [slot.engine])));
    await Promise.all(engines.flatMap((found) => (found.status === 'fulfilled' ? [found.value.close()] : [])));
  }
}

const loadOf = ({ ready }: Slot): number => ready?.load ?? 0;
