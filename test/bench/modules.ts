/** Modules of other makers, from npm, that are instrumented and compiled. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cutModule } from './cut-module.ts';
import { flite } from './programs/flite.ts';
import { inPackages } from './programs/program.ts';
import { quickjs } from './programs/quickjs.ts';
import { sqlite } from './programs/sqlite.ts';

export interface RealModule {
  readonly name: string;
  readonly path: URL;
  /** Left out: the whole module; otherwise a part of it with so many bytes of function bodies. */
  readonly cutToCodeBytes?: number;
  /** How often it is instrumented in a process: large modules take seconds. */
  readonly repetitions: number;
  /** Taken with `--quick`. */
  readonly small: boolean;
}

/** Biome's linter and formatter: 31 MB of code. */
const BIOME = inPackages('@biomejs/wasm-nodejs/biome_wasm_bg.wasm');

const partOf = (codeBytes: number): Pick<RealModule, 'path' | 'cutToCodeBytes' | 'repetitions'> => ({
  path: BIOME,
  cutToCodeBytes: codeBytes,
  repetitions: codeBytes > 3e6 ? 4 : 12,
});

/** The part that tells how long a large module takes. */
export const LARGE_MODULE = 'biome, 20 MB of it';

export const REAL_MODULES: readonly RealModule[] = [
  { name: 'quickjs', path: quickjs.module, repetitions: 12, small: true },
  { name: 'sqlite', path: sqlite.module, repetitions: 12, small: false },
  { name: 'flite', path: flite.module, repetitions: 12, small: false },
  { name: LARGE_MODULE, ...partOf(20e6), small: false },
];

/** Parts of one module from a kilobyte up, so that the curve is of size alone. */
export const MODULES_BY_SIZE: readonly RealModule[] = [1e3, 1e4, 1e5, 3e5, 1e6, 3e6, 1e7, 2e7, 3e7].map(
  (codeBytes) => ({
    name: `${codeBytes / 1000} KB`,
    ...partOf(codeBytes),
    small: codeBytes <= 1e4,
  }),
);

/** The path of the module's file; a part is written to the folder. */
export function modulePath({ path, cutToCodeBytes }: RealModule, folder: string): string {
  if (cutToCodeBytes === undefined) return fileURLToPath(path);
  const part = join(folder, `part-${cutToCodeBytes}.wasm`);
  writeFileSync(part, cutModule(readFileSync(path), cutToCodeBytes));
  return part;
}
