import { hash } from 'node:crypto';
import { mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { WASI } from 'node:wasi';
import { beforeAll, describe, expect, test } from 'vitest';
import { type CommandProgram, CORPUS } from '../../test/programs/corpus.ts';
import { assemble, openFolder, ROOT, runCli, startCli } from './testing/cli-process.ts';

const COMMAND_PROGRAMS = CORPUS.filter((program): program is CommandProgram => program.kind === 'wasi');
const ANSWER = join(ROOT, 'test/programs/answer/answer.wasm');
const PI = join(ROOT, 'examples/pi/pi.wasm');
const wasiProgram = (name: string): string => join(ROOT, `test/programs/wasi/${name}.wasm`);

let folder: string;
const inFolder = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await openFolder();
  await writeFile(inFolder('trap.wasm'), await assemble(TRAP));
  await writeFile(inFolder('math.wasm'), await assemble(MATH));
});

const TRAP = `(module
  (func $inner (if (i32.eqz (i32.const 0)) (then unreachable)))
  (func $outer (call $inner))
  (func (export "_start") (call $outer)))`;

const MATH = `(module
  (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func (export "wide") (param i64) (result i64 f64) (i64.add (local.get 0) (i64.const 1)) (f64.const 0.5))
  (func (export "spin") (loop $again (br $again))))`;

describe('a program has the output and exit code that it has elsewhere', () => {
  test.concurrent.each(COMMAND_PROGRAMS)('$name', async ({ name, args, stdin, expected, load }) => {
    const path = inFolder(`${name}.wasm`);
    await writeFile(path, await load());
    const { exitCode, stdout } = await runCli(['run', path, ...args], { stdin });
    expect({ exitCode, stdout }).toEqual(expected);
  });
});

test('arguments that look like options belong to the program, and so do variables that are given', async () => {
  const env = { FROM_OUTSIDE: 'yes' };
  const args = [
    'run',
    '--env',
    'A=b=c',
    '--env',
    'FROM_OUTSIDE',
    wasiProgram('echo'),
    '7',
    '--help',
    '-o',
    'json',
    '--',
    '-x',
  ];
  const { exitCode, stdout, stderr } = await runCli(args, { stdin: 'one\ntwo', env });
  expect(stdout.split('\n').slice(0, 11)).toEqual([
    'arg 0 echo.wasm',
    ...['7', '--help', '-o', 'json', '--', '-x'].map((arg, index) => `arg ${index + 1} ${arg}`),
    'env A=b=c',
    'env FROM_OUTSIDE=yes',
    'line 1 one',
    'line 2 two2 lines, sum 2971556200',
  ]);
  expect(stderr).toBe('at end: 1\n');
  expect(exitCode).toBe(7);
});

test('standard input is passed on as it comes', async () => {
  const cli = startCli(['run', ANSWER]);
  await cli.until('stdout', 'ready');
  cli.child.stdin.write('add 5\n');
  await cli.until('stdout', 'total 5');
  cli.child.stdin.write('add 6\n');
  await cli.until('stdout', 'total 11');
  cli.child.stdin.end('quit\n');
  expect((await cli.end()).exitCode).toBe(0);
});

test('a reader that closes early ends the program', async () => {
  const cli = startCli(['run', '--timeout', '50s', PI, '100000']);
  await cli.until('stdout', '3.');
  cli.child.stdout.destroy();
  expect((await cli.end()).exitCode).toBe(141);
});

describe('ends that are not the program’s own', () => {
  test('a trap shows the stack of the guest', async () => {
    const { exitCode, stdout, stderr } = await runCli(['run', inFolder('trap.wasm')]);
    expect(exitCode).toBe(134);
    expect(stdout).toBe('');
    expect(stderr).toMatch(
      /^error\[TRAPPED\]: .*unreachable.*\n {3}0: inner \(function 0\).*\n {3}1: outer \(function 1\)/,
    );
  });

  test.each([
    { option: ['--fuel', '100000'], limit: 'fuel' },
    { option: ['--timeout', '200ms'], limit: 'wallClockMs' },
  ])('limit $limit', async ({ option, limit }) => {
    const { exitCode, stderr } = await runCli(['run', ...option, PI, '100000']);
    expect(exitCode).toBe(134);
    expect(stderr).toContain(`error[LIMIT_REACHED]: ${PI} reached its limit ${limit}\nhint: `);
  });

  test('a program that is stopped at a limit goes on with more', async () => {
    const drop = inFolder('limited.drop');
    const first = await runCli(['run', '--fuel', '3000000', '--on-interrupt', drop, PI, '600']);
    expect(first.exitCode).toBe(134);
    const second = await runCli(['resume', '--fuel', '9000000000', drop]);
    const whole = await runCli(['run', PI, '600']);
    expect(second.exitCode).toBe(0);
    expect(first.stdout + second.stdout).toBe(whole.stdout);
  });
});

describe('functions', () => {
  test.each([
    { args: ['add', '2', '-3'], stdout: '-1\n' },
    { args: ['wide', '9223372036854775806'], stdout: '9223372036854775807\n0.5\n' },
  ])('$args', async ({ args: [name = '', ...args], stdout }) => {
    const result = await runCli(['run', '--invoke', name, inFolder('math.wasm'), ...args]);
    expect(result).toEqual({ exitCode: 0, stdout, stderr: '' });
  });

  test('arguments of the wrong type are mistakes of usage', async () => {
    const { exitCode, stderr } = await runCli(['run', '--invoke', 'add', inFolder('math.wasm'), '2', 'x']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[USAGE]: argument 2 of "add" is "x"; it must be an integer of 32 bits');
  });

  test('as JSON, with what a trap tells', async () => {
    const args = ['run', '-o', 'json', '--fuel', '5000', '--invoke', 'spin', inFolder('math.wasm')];
    const { exitCode, stdout } = await runCli(args);
    expect(exitCode).toBe(134);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: { kind: 'limit', limit: 'fuel' },
      exitCode: 134,
      interrupted: null,
    });
  });
});

describe('interrupted', () => {
  test('a program that computes keeps its state, and goes on to the same output', async () => {
    const drop = inFolder('pi.drop');
    const cli = startCli(['run', '--on-interrupt', drop, PI, '15000']);
    await cli.until('stdout', '3.');
    cli.signal('SIGINT');
    const first = await cli.end();
    expect(first.exitCode).toBe(130);
    expect(first.stderr).toContain(`pluvio resume ${drop}`);
    const second = await runCli(['resume', drop]);
    const whole = await runCli(['run', PI, '15000']);
    expect(second.stdout).not.toBe('');
    expect(second.exitCode).toBe(0);
    expect(first.stdout + second.stdout).toBe(whole.stdout);
  });

  test.each([
    { signal: 'SIGINT', code: 130 },
    { signal: 'SIGTERM', code: 143 },
  ] as const)(
    '$signal while a program waits: it goes on with the input that it had not read',
    async ({ signal, code }) => {
      const drop = inFolder(`${signal}.drop`);
      const cli = startCli(['run', '--on-interrupt', drop, ANSWER]);
      cli.child.stdin.write('add 5\nadd');
      await cli.until('stdout', 'total 5');
      cli.signal(signal);
      expect((await cli.end()).exitCode).toBe(code);
      const { stdout, exitCode } = await runCli(['run', drop], { stdin: ' 6\nquit\n' });
      expect(stdout).toBe('total 11\n3 lines, total 11\n');
      expect(exitCode).toBe(0);
    },
  );

  test('without a place for the state nothing is left behind', async () => {
    const empty = inFolder('empty');
    await mkdir(empty);
    const cli = startCli(['run', '--no-cache', PI, '100000'], { cwd: empty });
    await cli.until('stdout', '3.');
    cli.signal('SIGINT');
    const { exitCode, stderr } = await cli.end();
    expect(exitCode).toBe(130);
    expect(stderr).toContain('--on-interrupt');
    expect(await readdir(empty)).toEqual([]);
  });
});

/** Everything below a directory; symbolic links are not followed. */
async function readTree(root: string, below = ''): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const entry of await readdir(join(root, below), { withFileTypes: true })) {
    const name = below + entry.name;
    if (entry.isDirectory()) Object.assign(tree, { [`${name}/`]: '' }, await readTree(root, `${name}/`));
    else
      tree[name] = entry.isSymbolicLink()
        ? `-> ${await readlink(join(root, name))}`
        : await readFile(join(root, name), 'latin1');
  }
  return tree;
}

async function makeTree(root: string): Promise<void> {
  await mkdir(join(root, 'base'), { recursive: true });
  await mkdir(join(root, 'c'));
  await writeFile(join(root, 'base.txt'), 'the base file\n');
  await writeFile(join(root, 'base/deep'), 'deep content');
  await writeFile(join(root, 'base/a'), 'x'.repeat(700));
}

/** Runs a program under Node's own WASI with a directory as its root. */
async function runUnderNode(
  name: string,
  args: readonly string[],
  root: string,
): Promise<{ stdout: string; exitCode: number }> {
  const outPath = inFolder(`${name}.out`);
  const fds = [openSync('/dev/null', 'r'), openSync(outPath, 'w'), openSync('/dev/null', 'w')] as const;
  const [stdin, stdout, stderr] = fds;
  const wasi = new WASI({
    version: 'preview1',
    args: [`${name}.wasm`, ...args],
    preopens: { '/': root },
    returnOnExit: true,
    ...{ stdin, stdout, stderr },
  });
  const imports = wasi.getImportObject() as WebAssembly.Imports; // Node's own import object
  const { instance } = await WebAssembly.instantiate(await readFile(wasiProgram(name)), imports);
  const exitCode = wasi.start(instance);
  for (const fd of fds) closeSync(fd);
  return { stdout: await readFile(outPath, 'utf8'), exitCode };
}

/** `mixture SEED 1000` compiled natively and run on Linux in such a tree: first 16 digits of the SHA-256 of output and tree. */
const MIXTURE_ON_LINUX = [
  { seed: '1', output: '6319e26daf23db78', tree: 'c2df0d1e57b2bf85' },
  { seed: '3', output: 'b94549102f2a2fc8', tree: '4648e6134c23468f' },
  { seed: '5', output: '05f526958bc2dabc', tree: '906ddc297ed0506f' },
] as const;

const digest = (text: string): string => hash('sha256', text, 'hex').slice(0, 16);

function treeDigest(tree: Readonly<Record<string, string>>): string {
  return digest(JSON.stringify(Object.fromEntries(Object.entries(tree).sort(([a], [b]) => (a < b ? -1 : 1)))));
}

describe('directories', () => {
  test.each(['files', 'directories', 'links'])('%s leaves the files that Node’s WASI leaves', async (name) => {
    const roots = { here: inFolder(`here-${name}`), node: inFolder(`node-${name}`) };
    await makeTree(roots.here);
    await makeTree(roots.node);
    const expected = await runUnderNode(name, [], roots.node);
    const args = ['run', '--dir', `${roots.here}::/`, wasiProgram(name)];
    const { exitCode, stdout, stderr } = await runCli(args);
    expect({ exitCode, stdout }).toEqual(expected);
    const { out, parent, ...tree } = await readTree(roots.node);
    expect(await readTree(roots.here)).toEqual(tree);
    // Links out of the directory are not made.
    const refused = [out, parent].filter((target) => target !== undefined);
    expect(stderr.match(/cannot make the symbolic link/g) ?? []).toHaveLength(refused.length);
  });

  test.each(MIXTURE_ON_LINUX)(
    'a mixture with seed $seed leaves the files that it leaves on Linux',
    async ({ seed, output, tree }) => {
      const root = inFolder(`mixture-${seed}`);
      await makeTree(root);
      const args = ['run', '--dir', `${root}::/`, wasiProgram('mixture'), seed, '1000'];
      const { exitCode, stdout, stderr } = await runCli(args);
      expect({ exitCode, stderr, output: digest(stdout) }).toEqual({ exitCode: 0, stderr: '', output });
      expect(treeDigest(await readTree(root))).toBe(tree);
    },
  );

  test('a copy is left as it was', async () => {
    const root = inFolder('copied');
    await makeTree(root);
    const before = await readTree(root);
    const { exitCode } = await runCli(['run', '--copy-dir', `${root}::/`, wasiProgram('files')]);
    expect(exitCode).toBe(0);
    expect(await readTree(root)).toEqual(before);
  });

  test('nothing is written through a symbolic link out of the directory', async () => {
    const root = inFolder('linked');
    await makeTree(root);
    const outside = inFolder('outside');
    await mkdir(outside);
    await symlink(outside, join(root, 'd'));
    await symlink(join(outside, 'a.txt'), join(root, 'a.txt'));
    await runCli(['run', '--dir', `${root}::/`, wasiProgram('files')]);
    expect(await readdir(outside)).toEqual([]);
  });

  test('what a program writes elsewhere is told to be gone', async () => {
    const { stderr } = await runCli(['run', wasiProgram('mixture'), '1', '100']);
    expect(stderr).toMatch(/note: the program wrote \/\S+.* to memory only/);
  });
});
