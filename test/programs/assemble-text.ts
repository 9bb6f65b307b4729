import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import initWabt from 'wabt';
import { BIG_MODULES } from './big-modules.ts';

/** Features of text modules beyond WebAssembly 2.0, named as WABT and Binaryen name them. */
export type TextFeature =
  | 'exceptions'
  | 'exception_references'
  | 'tail_call'
  | 'multi_memory'
  | 'extended_const'
  | 'function_references'
  | 'gc'
  | 'memory64'
  | 'relaxed_simd'
  | 'threads';

/** What the text format's parser can be asked for by these names. */
const WABT_FEATURES = [
  'exceptions',
  'tail_call',
  'multi_memory',
  'extended_const',
  'memory64',
  'relaxed_simd',
  'threads',
];

const assembled = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

async function assemble(file: string, features: readonly TextFeature[]): Promise<Uint8Array<ArrayBuffer>> {
  // Modules that this parser does not know are committed as binaries beside their text (scripts/build-programs).
  const binary = new URL(`./wat/${file}.wasm`, import.meta.url);
  if (existsSync(binary)) return new Uint8Array(await readFile(binary));
  const wabt = await initWabt();
  const text = BIG_MODULES[file]?.() ?? (await readFile(new URL(`./wat/${file}.wat`, import.meta.url), 'utf8'));
  const enabled = Object.fromEntries(
    features.filter((name) => WABT_FEATURES.includes(name)).map((name) => [name, true]),
  );
  const module = wabt.parseWat(`${file}.wat`, text, enabled);
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

/** The binary of `wat/FILE.wat` or of the generated module FILE, assembled once. The caller must not change the bytes. */
export function assembleText(file: string, features: readonly TextFeature[]): Promise<Uint8Array<ArrayBuffer>> {
  let binary = assembled.get(file);
  if (binary === undefined) assembled.set(file, (binary = assemble(file, features)));
  return binary;
}
