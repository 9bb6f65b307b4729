/**
 * Types of imported functions (core specification 4.5.3, matching).
 *
 * Boundary: a host function of JavaScript has no type and fits any; one that another instance exports must have the declared type. The
 * instance itself would not tell: between it and its imports stand functions of the engine thread.
 */
import { PluvioError } from '../errors/index.ts';
import { encodeModule } from '../wasm/index.ts';
import type { LoadedModule } from './loaded-module.ts';
import type { HostFunction } from './types.ts';

/**
 * Lets the JavaScript engine compare the types, by importing the functions into a module that has nothing else.
 * @param funcs By function index.
 * @throws PluvioError `IMPORT_MISMATCH`
 */
export function checkImportTypes({ module }: LoadedModule, funcs: readonly HostFunction[]): void {
  if (!funcs.some(isExportedFunction)) return;
  const imports = module.imports.filter(({ desc }) => desc.kind === 'func');
  const values: Record<string, Record<string, HostFunction>> = Object.create(null) as Record<string, never>; // any name is a key
  imports.forEach((entry, index) => {
    const func = funcs[index];
    if (func !== undefined) (values[entry.module] ??= {})[entry.name] = func;
  });
  const none: [] = [];
  const bytes = encodeModule({
    types: [...module.types],
    imports,
    funcs: none,
    tables: none,
    memories: none,
    globals: none,
    tags: none,
    exports: none,
    elements: none,
    datas: none,
    customs: none,
  });
  try {
    void new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource), values);
  } catch (error) {
    if (!(error instanceof WebAssembly.LinkError)) throw error;
    throw new PluvioError(
      'IMPORT_MISMATCH',
      `an imported function has another type: ${error.message}`,
      {},
      { cause: error },
    );
  }
}

/** Takes exported functions of WebAssembly only. */
const scratch = new WebAssembly.Table({ element: 'anyfunc', initial: 1 });

function isExportedFunction(value: unknown): boolean {
  try {
    scratch.set(0, value);
    return true;
  } catch {
    return false;
  } finally {
    scratch.set(0, null);
  }
}
