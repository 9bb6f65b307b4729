import { decodeNames, type Module } from '../wasm/index.ts';

/** Names of functions by index: from the name section, or their exports or imports. */
export function funcNames(module: Module): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  let index = 0;
  for (const entry of module.imports)
    if (entry.desc.kind === 'func') names.set(index++, `${entry.module}.${entry.name}`);
  for (const entry of module.exports) if (entry.kind === 'func') names.set(entry.index, entry.name);
  for (const [at, name] of decodeNames(module).funcs) names.set(at, name);
  return names;
}
