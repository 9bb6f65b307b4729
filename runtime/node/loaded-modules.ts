import { createHash } from 'node:crypto';
import type { EngineModule } from './threads/engine.ts';
import type { EnginePool } from './threads/engine-pool.ts';

const KEPT = 32;

/** Modules that were loaded on an engine; those used last are kept, so that workers of one module share its code. */
export class LoadedModules {
  readonly #engines: EnginePool;
  readonly #loaded = new Map<string, Promise<EngineModule>>();

  constructor(engines: EnginePool) {
    this.#engines = engines;
  }

  /** @throws PluvioError the engine's codes for a module that it does not take */
  load(bytes: Uint8Array): Promise<EngineModule> {
    const key = createHash('sha256').update(bytes).digest('hex');
    const loading = this.#loaded.get(key) ?? this.#engines.loadModule(key, bytes);
    this.#loaded.delete(key);
    this.#loaded.set(key, loading);
    loading.catch(() => this.#loaded.delete(key));
    for (const oldest of this.#loaded.keys()) {
      if (this.#loaded.size <= KEPT) break;
      this.#loaded.delete(oldest);
    }
    return loading;
  }

  /** How many are kept. */
  get size(): number {
    return this.#loaded.size;
  }
}
