/** What jco's glue does between a component and JavaScript, seen from both sides; no WebAssembly runs. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { transpileBytes } from '@bytecodealliance/jco-transpile';
import type { TestGuest } from '../../runtime/host/component/canonical/testing/guest.ts';
import { componentOf } from './tools.ts';

type Func = (...args: readonly unknown[]) => unknown;
type Instance = Readonly<Record<string, Func>>;
type Instantiate = (
  getCoreModule: (path: string) => unknown,
  imports: Readonly<Record<string, { readonly default: unknown }>>,
  instantiateCore: (module: unknown, imports?: Readonly<Record<string, Instance>>) => unknown,
) => Promise<Instance>;

export interface Glue {
  /** The component's functions, for the host. */
  readonly exports: Instance;
  /** The host's functions, for the core module. They only work while an export is called. */
  readonly lowered: Instance;
}

/** From a file, as its stack traces name it. */
async function imported(source: Uint8Array): Promise<{ readonly instantiate: Instantiate }> {
  const folder = await mkdtemp(join(tmpdir(), 'jco-glue-'));
  try {
    const path = join(folder, 'glue.mjs');
    await writeFile(path, source);
    return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as { readonly instantiate: Instantiate };
  } finally {
    await rm(folder, { recursive: true });
  }
}

/**
 * @param text A component of `componentText`.
 * @param guest What stands for the core module `Libc`.
 * @param core What stands for the functions of the core module `M`.
 * @param host The functions that the component imports.
 */
export async function glueOf(text: string, guest: TestGuest, core: Instance, host: Instance): Promise<Glue> {
  const { files } = await transpileBytes(await componentOf(text), {
    name: 'glue',
    instantiation: 'async',
    nodejsCompat: false,
    wasiShim: false,
    tlaCompat: false,
    base64Cutoff: 0,
  });
  const { instantiate } = await imported(files['glue.js'] ?? new Uint8Array());
  let lowered: Instance = {};
  const imports = Object.fromEntries(Object.entries(host).map(([name, func]) => [name, { default: func }]));
  const libc = { memory: { get buffer() { return guest.memory(); } }, realloc: guest.realloc }; // prettier-ignore
  const exports = await instantiate(
    (path) => path,
    imports,
    (_, given) => {
      if (given === undefined) return { exports: libc };
      lowered = given['host'] ?? {};
      return { exports: core };
    },
  );
  return { exports, lowered };
}
