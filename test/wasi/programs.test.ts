import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { MODES, type Program, readProgram, runProgram, runUnderNode } from './driver.ts';

const FILES = { 'base.txt': 'the base file\n', 'base/deep': 'deep content', 'base/a': 'x'.repeat(700), 'c/': '' };
const STDIN = Array.from({ length: 400 }, (_, line) => `line ${line} ${'.'.repeat(line % 90)}\n`).join('');

const program = (name: string, ...args: string[]): Program => ({
  wasm: readProgram(name),
  options: { args: [name, ...args], env: { HOME: '/', EMPTY: '', TEXT: 'größer = 1' }, files: FILES, stdin: STDIN },
});

/** Programs whose output Node's WASI gives too. */
const SAME_UNDER_NODE: readonly (readonly [name: string, ...args: string[]])[] = [
  ['files'],
  ['directories'],
  ['links'],
  ['unlinked'],
  ['descriptors'],
  ['times'],
  ['echo', '7', 'größer', ''],
];

/** Programs with the output that they must give: Node's WASI gets the first wrong and never ends the second. */
const EXPECTED_OUTPUT: Readonly<Record<string, string>> = {
  posix: '32 checks\n',
  waiting: [
    'sleep 0',
    'slept long enough: 1',
    'sleep until 0',
    'reached: 1',
    'wall clock after 2020: 1',
    'yield 0',
    'poll out 1',
    'poll file 1',
    'end 0',
    `read ${STDIN.length}`,
    '',
  ].join('\n'),
};

/** `mixture SEED 1000` compiled natively and run on Linux (tmpfs, in a directory with FILES): first 16 digits of the output's SHA-256. */
const MIXTURE_ON_LINUX: Readonly<Record<string, string>> = {
  '1': '6319e26daf23db78',
  '2': 'a5b67a1438fe0757',
  '3': 'b94549102f2a2fc8',
  '4': '38d788d3dc86ccad',
  '5': '05f526958bc2dabc',
  '6': '69bbdb87b5d93b21',
  '7': 'b6e63dc9dd05cb7d',
  '8': '64cb11a620d09321',
};

describe.each(MODES)('%s', (mode) => {
  test.each(SAME_UNDER_NODE)('%s gives what it gives under Node', async (name, ...args) => {
    const { moves, ...result } = await runProgram(program(name, ...args), mode);
    expect(result).toEqual(runUnderNode(program(name, ...args)));
    expect(moves > 0).toBe(mode === 'moved');
  });

  test.each(Object.entries(EXPECTED_OUTPUT))('%s gives what it must', async (name, stdout) => {
    const { moves: _, ...result } = await runProgram(program(name), mode);
    expect(result).toEqual({ code: 0, stdout, stderr: '' });
  });

  test.each(Object.entries(MIXTURE_ON_LINUX))(
    'mixture of file operations with seed %s gives what Linux gives',
    async (seed, digest) => {
      const { stdout } = await runProgram(program('mixture', seed, '1000'), mode);
      expect(createHash('sha256').update(stdout).digest('hex').slice(0, 16)).toBe(digest);
    },
  );
});

test('a program that reads a stream gets all of it, however it is cut', async () => {
  const bytes = new TextEncoder().encode(STDIN);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 997) {
      await Promise.resolve();
      yield bytes.subarray(at, at + 997);
    }
  }
  const whole = program('echo');
  const { moves: _, ...result } = await runProgram(
    { ...whole, options: { ...whole.options, stdin: pieces() } },
    'direct',
  );
  expect(result).toEqual(runUnderNode(whole));
});
