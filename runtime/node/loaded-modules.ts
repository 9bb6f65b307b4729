import { createHash } from 'node:crypto';
import type { Program } from './program.ts';
import { RecentMap } from './recent-map.ts';
import type { EngineModule } from './threads/engine.ts';
import type { EnginePool } from './threads/engine-pool.ts';

const KEPT = 32;

interface Loaded {
  readonly module: Promise<EngineModule>;
  /** When it was last asked for. */
  usedMs: number;
}

/** Modules that were loaded on an engine; those used last are kept, so that workers of one module share its code. */
export class LoadedModules {
  /** Programs without a state by the digest of their bundle: what many workers are made of is unpacked once. */
  readonly programs = new RecentMap<string, Program>(KEPT);
  readonly #engines: Pick<EnginePool, 'loadModule' | 'hasModule' | 'trim'>;
  readonly #nowMs: () => number;
  readonly #loaded = new RecentMap<string, Loaded>(KEPT);

  constructor(engines: Pick<EnginePool, 'loadModule' | 'hasModule' | 'trim'>, nowMs: () => number) {
    this.#engines = engines;
    this.#nowMs = nowMs;
  }

  /** @throws PluvioError the engine's codes for a module that it does not take */
  load(bytes: Uint8Array): Promise<EngineModule> {
    const key = createHash('sha256').update(bytes).digest('hex');
    const module = this.#loaded.get(key)?.module ?? this.#engines.loadModule(key, bytes);
    this.#loaded.set(key, { module, usedMs: this.#nowMs() });
    module.catch(() => this.#loaded.delete(key));
    return module;
  }

  /** How many are kept. */
  get size(): number {
    return this.#loaded.size;
  }

  /** Lets go of modules, files and programs that no worker in memory has used for so long. */
  trim(afterMs: number): void {
    this.#engines.trim(afterMs);
    const until = this.#nowMs() - afterMs;
    for (const [key, { usedMs }] of [...this.#loaded.entries()]) {
      if (usedMs <= until && !this.#engines.hasModule(key)) this.#loaded.delete(key);
    }
    const kept = new Set([...this.#loaded.entries()].map(([key]) => key));
    for (const [digest, { module }] of [...this.programs.entries()]) {
      if (!kept.has(module.digest)) this.programs.delete(digest);
    }
  }
}
