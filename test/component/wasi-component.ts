/** Components of core modules in text, which import WASI 0.2 as its packages in WIT have it. */
import { componentEmbed, componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';
import { witOfWasi } from './tools.ts';

const packages = witOfWasi();

/** Undefined: npm cannot be reached. */
export const WASI_VERSION = /@([\d.]+);/.exec(packages[0] ?? '')?.[1];

/** A world beside the packages, each in braces. */
export const worldWith = (texts: readonly string[], world: string): string =>
  [
    'package pluvio:test;',
    world,
    ...texts.map((text) => `${text.replace(/^package ([^;]+);/m, (_, name: string) => `package ${name} {`)}}`),
  ].join('\n');

/**
 * @param core Imports functions under their interface and name, `wasi:io/poll@VERSION` and `poll`; exports memory, `cabi_realloc` and what the
 *   world exports.
 * @param world What the world imports and exports.
 */
export async function wasiComponent(core: string, world: string): Promise<Uint8Array> {
  const versioned = (text: string): string => text.replaceAll('@VERSION', `@${WASI_VERSION ?? ''}`);
  const witSource = worldWith(packages, versioned(`world guest { ${world} }`));
  return componentNew(await componentEmbed({ binary: await parse(versioned(core)), witSource, world: 'guest' }));
}
