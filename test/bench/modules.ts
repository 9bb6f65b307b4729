/** Real modules of other makers, from npm, that are instrumented and compiled. */
import { flite } from './programs/flite.ts';
import { inPackages } from './programs/program.ts';
import { quickjs } from './programs/quickjs.ts';
import { sqlite } from './programs/sqlite.ts';

export interface RealModule {
  readonly name: string;
  readonly path: URL;
  readonly what: string;
  /** Taken with `--quick`. */
  readonly small: boolean;
}

export const REAL_MODULES: readonly RealModule[] = [
  { name: 'quickjs', path: quickjs.module, what: 'almost all code, an interpreter loop of 500 cases', small: true },
  { name: 'sqlite', path: sqlite.module, what: 'almost all code', small: false },
  { name: 'flite', path: flite.module, what: 'almost all data', small: false },
  {
    name: 'biome',
    path: inPackages('@biomejs/wasm-nodejs/biome_wasm_bg.wasm'),
    what: 'a linter and formatter: 31 MB of code',
    small: false,
  },
];
