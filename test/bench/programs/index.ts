import { flite } from './flite.ts';
import { oniguruma } from './oniguruma.ts';
import { oxipng } from './oxipng.ts';
import type { Program } from './program.ts';
import { quickjs } from './quickjs.ts';
import { sqlite } from './sqlite.ts';
import { wasmTools } from './wasm-tools.ts';
import { zstd } from './zstd.ts';

export type { Guest, Program, Task } from './program.ts';

/** Programs of other makers, from npm: what overhead is in code that nobody chose for a benchmark. */
export const PROGRAMS: readonly Program[] = [quickjs, sqlite, oniguruma, wasmTools, zstd, oxipng, flite];
