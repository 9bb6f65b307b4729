/** The types of WASI 0.2's functions, as its packages in WIT have them. */
import { componentEmbed, componentNew } from '@bytecodealliance/jco-transpile/wasm-tools';
import { type FunctionType, programOf } from '../../runtime/component/index.ts';
import { witOfWasi } from '../component/tools.ts';
import { worldWith } from '../component/wasi-component.ts';

/** A world that imports every interface of these packages. */
function everything(packages: readonly string[]): string {
  const imports = packages.flatMap((text) => {
    const [, name = '', version = ''] = /^package ([^@;]+)@([^;]+);/m.exec(text) ?? [];
    return [...text.matchAll(/^interface ([\w-]+)/gm)].map(([, of = '']) => `import ${name}/${of}@${version};`);
  });
  return worldWith(packages, `world everything { ${imports.join(' ')} }`);
}

/** By interface and name, `wasi:io/poll@0.2 poll`. */
async function typesOf(packages: readonly string[]): Promise<ReadonlyMap<string, FunctionType>> {
  const witSource = everything(packages);
  const core = await componentEmbed({ witSource, world: 'everything', dummy: true, features: { tag: 'all' } });
  const types = new Map<string, FunctionType>();
  for (const entry of programOf(await componentNew(core), true).component?.imports ?? []) {
    if (entry.kind === 'lower') types.set(`${entry.func.from} ${entry.func.name}`, entry.func.type);
  }
  return types;
}

const packages = witOfWasi();

/** Undefined: npm cannot be reached. */
export const WASI_TYPES = packages.length === 0 ? undefined : await typesOf(packages);
