import { createHash } from 'node:crypto';
import { type LoadedModule, loadModule, type ModuleCache } from '../engine/index.ts';

const KEPT = 32;

/** Loads modules and keeps the ones used last, so that workers of one module share its code. */
export class LoadedModules {
  readonly #cache: ModuleCache | undefined;
  readonly #loaded = new Map<string, Promise<LoadedModule>>();

  constructor(cache: ModuleCache | undefined) {
    this.#cache = cache;
  }

  /** @throws PluvioError the engine's codes for a module that it does not take */
  load(bytes: Uint8Array): Promise<LoadedModule> {
    const key = createHash('sha256').update(bytes).digest('hex');
    const loading = this.#loaded.get(key) ?? loadModule(bytes, this.#cache ? { cache: this.#cache } : {});
    this.#loaded.delete(key);
    this.#loaded.set(key, loading);
    loading.catch(() => this.#loaded.delete(key));
    for (const oldest of this.#loaded.keys()) {
      if (this.#loaded.size <= KEPT) break;
      this.#loaded.delete(oldest);
    }
    return loading;
  }
}
