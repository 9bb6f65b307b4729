/**
 * The corpus: every guest program that the suites run in all modes, with what it must give.
 *
 * Commands (C and C++, WASI 0.1) lie in a folder each, with source, binary and expected output. Functions are text
 * modules in `wat/` that export `run`; each covers a construct in which a stop must work. All are deterministic and
 * end within a fraction of a second on the bare engine.
 */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { TrapCode } from '../../runtime/engine/types.ts';
import { COMMANDS, type CommandRow } from './commands.ts';
import { assembleText, type TextFeature } from './assemble-text.ts';
import { FUNCTIONS } from './functions.ts';

export { createFunctionImports } from './function-imports.ts';

/** A WASI 0.1 command: `_start`, arguments, standard input and output. */
export interface CommandProgram {
  readonly kind: 'wasi';
  readonly name: string;
  readonly features: readonly string[];
  readonly args: readonly string[];
  readonly stdin: string;
  readonly expected: { readonly stdout: string; readonly exitCode: number };
  load(): Promise<Uint8Array<ArrayBuffer>>;
}

/** What a call of `run` gives: values as in the JavaScript interface (i64 as bigint), or a trap. */
export type Expected =
  | { readonly kind: 'returned'; readonly values: readonly unknown[] }
  | { readonly kind: 'trapped'; readonly code: TrapCode };

/** A module that exports a function; it imports nothing but what `createFunctionImports` gives. */
export interface FunctionProgram {
  readonly kind: 'function';
  readonly name: string;
  readonly features: readonly TextFeature[];
  readonly export: string;
  readonly args: readonly unknown[];
  readonly expected: Expected;
  load(): Promise<Uint8Array<ArrayBuffer>>;
}

export type CorpusProgram = CommandProgram | FunctionProgram;

const fileOf = (path: string): URL => new URL(path, import.meta.url);

function commandProgram({
  name,
  folder = `./${name}/`,
  args = [],
  stdin = '',
  exitCode = 0,
}: CommandRow): CommandProgram {
  const base = folder.slice(0, -1).split('/').at(-1) ?? name;
  return {
    kind: 'wasi',
    name,
    features: [],
    args,
    stdin,
    expected: { stdout: readFileSync(fileOf(`./${name}/${name}.expected`), 'utf8'), exitCode },
    load: () => readFile(fileOf(`${folder}${base}.wasm`)),
  };
}

export const CORPUS: readonly CorpusProgram[] = [
  ...COMMANDS.map(commandProgram),
  ...FUNCTIONS.map(({ name, features = [], args, expected }): FunctionProgram => ({
    kind: 'function',
    name,
    features,
    export: 'run',
    args,
    expected,
    load: () => assembleText(name, features),
  })),
];
