import { createHash } from 'node:crypto';
import type { Program } from './program.ts';
import { RecentMap } from './recent-map.ts';
import type { EngineModule } from './threads/engine.ts';
import type { EnginePool } from './threads/engine-pool.ts';

const KEPT = 32;

/** Modules that were loaded on an engine; those used last are kept, so that workers of one module share its code. */
export class LoadedModules {
  /** Programs without a state by the digest of their bundle: what many workers are made of is unpacked once. */
  readonly programs = new RecentMap<string, Program>(KEPT);
  readonly #engines: EnginePool;
  readonly #loaded = new RecentMap<string, Promise<EngineModule>>(KEPT);

  constructor(engines: EnginePool) {
    this.#engines = engines;
  }

  /** @throws PluvioError the engine's codes for a module that it does not take */
  load(bytes: Uint8Array): Promise<EngineModule> {
    const key = createHash('sha256').update(bytes).digest('hex');
    const loading = this.#loaded.get(key) ?? this.#engines.loadModule(key, bytes);
    this.#loaded.set(key, loading);
    loading.catch(() => this.#loaded.delete(key));
    return loading;
  }

  /** How many are kept. */
  get size(): number {
    return this.#loaded.size;
  }
}
