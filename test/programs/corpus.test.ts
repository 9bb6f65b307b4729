import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CORPUS } from './corpus.ts';
import { runBareCommand } from './run-bare.ts';
import { runBareFunction } from './run-bare-function.ts';

const commands = CORPUS.filter((program) => program.kind === 'wasi');
const functions = CORPUS.filter((program) => program.kind === 'function');

describe('the bare engine gives what the corpus says', () => {
  test.each(commands)('command $name', async (program) => {
    const { exitCode, stdout } = await runBareCommand(program.name, await program.load(), program);
    expect({ exitCode, stdout }).toEqual(program.expected);
  });

  test.each(functions)('function $name', async (program) => {
    expect(await runBareFunction(program)).toEqual(program.expected);
  });
});

test('every name stands for one program', () => {
  const names = CORPUS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test('every text module and every folder is in the tables', async () => {
  const { COMMANDS } = await import('./commands.ts');
  const { FUNCTIONS } = await import('./functions.ts');
  const listed = new Set([...COMMANDS.map(({ name }) => name), ...FUNCTIONS.map(({ name }) => `${name}.wat`)]);
  const here = readdirSync(import.meta.dirname, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const folders = here.map(({ name }) => name).filter((name) => !['wat', 'wasi', 'exports'].includes(name)); // no commands
  const texts = readdirSync(new URL('./wat/', import.meta.url)).filter((name) => name.endsWith('.wat'));
  expect([...folders, ...texts].filter((name) => !listed.has(name))).toEqual([]);
});
