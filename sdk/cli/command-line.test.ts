import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { decodeModule } from '../../runtime/wasm/index.ts';
import { loadCommands } from './command-table.ts';
import { LOGS } from './commands/logs.ts';
import { openFolder, ROOT, runCli } from './testing/cli-process.ts';

const PI = join(ROOT, 'examples/pi/pi.wasm');
const COMMANDS = await loadCommands();
const DOCS = new URL('../../docs/cli.md', import.meta.url);

let folder: string;
let drop: string;

beforeAll(async () => {
  folder = await openFolder();
  drop = join(folder, 'pi.drop');
  await runCli(['run', '--fuel', '3000000', '--on-interrupt', drop, PI, '600']);
});

describe('usage', () => {
  test.each([
    [],
    ['no-such-command'],
    ['run'],
    ['run', '--no-such-option', PI],
    ['run', '--fuel', 'much', PI],
    ['run', '--timeout', 'soon', PI],
    ['run', '--env', 'NOT_SET_ANYWHERE', PI],
    ['run', '--dir', '../..', PI],
    ['run', '--name', 'pi', PI],
    ['resume', '--fuel', '5', 'pi'],
    ['list', 'too', 'many'],
    ['list', '-o', 'xml'],
    ['get'],
    ['move', 'pi'],
    ['completion', 'cmd'],
    ['node', '--limit', 'workers'],
    ['inspect', PI, '--coredump', '/nowhere'],
  ])('%s is a mistake', async (...args) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/error\[USAGE\]: .*\n|^Usage: /);
  });

  test.each([
    { args: ['run', '/no/such/file.wasm'], code: 'FILE_FAILED' },
    { args: ['run', ROOT], code: 'FILE_FAILED' },
    { args: ['run', join(ROOT, 'package.json')], code: 'MODULE_MALFORMED' },
    { args: ['run', '--memory-pages', '1000000', PI], code: 'LIMIT_OUT_OF_RANGE' },
    { args: ['run', '--invoke', 'nothing', PI], code: 'EXPORT_NOT_FOUND' },
    { args: ['run', '--dir', '/no/such/dir', PI], code: 'FILE_FAILED' },
    { args: ['list', '--node', 'nonsense'], code: 'INVALID_ARGUMENT' },
    { args: ['list', '--node', '127.0.0.1:7171'], code: 'INVALID_ARGUMENT' },
    { args: ['list', '--token-file', '/no/such/file'], code: 'FILE_FAILED' },
  ])('$args fails with $code', async ({ args, code }) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^error\\[${code}\\]: \\S`));
  });
});

describe('the table', () => {
  test('help lists every command, and explains one with its options and examples', async () => {
    const all = await runCli(['help']);
    expect(all).toMatchObject({ exitCode: 0, stderr: '' });
    for (const { name } of COMMANDS) expect(all.stdout).toContain(`\n  ${name} `);
    for (const args of [
      ['help', 'logs'],
      ['logs', '--help'],
    ]) {
      const { exitCode, stdout } = await runCli(args);
      expect(exitCode).toBe(0);
      for (const { flags } of LOGS.options) expect(stdout).toContain(flags);
      for (const { command } of LOGS.examples) expect(stdout).toContain(`$ ${command}`);
    }
  });

  test('help of what is no command is a mistake', async () => {
    const { exitCode, stdout, stderr } = await runCli(['help', 'mvoe']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(
      "error[USAGE]: unknown command 'mvoe'\n(Did you mean move?)\nhint: `pluvio help` lists the commands\n",
    );
    expect(await runCli(['help', 'help'])).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test.each(COMMANDS)('$name has an example and a row in the document', async ({ name, summary, examples }) => {
    expect(examples).not.toEqual([]);
    expect(await readFile(DOCS, 'utf8')).toMatch(new RegExp(`\\| \`${name}\` +\\| ${summary} +\\|`));
  });

  test('every option is in the document', async () => {
    const docs = await readFile(DOCS, 'utf8');
    const missing = COMMANDS.flatMap(({ options }) => options)
      .map(({ flags }) => /--[a-z-]+/.exec(flags)?.[0] ?? flags)
      .filter((flag) => !docs.includes(`\`${flag}`));
    expect(missing).toEqual([]);
  });

  test('version, with and without JSON', async () => {
    const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect((await runCli(['--version'])).stdout).toBe(`${version}\n`);
    expect(JSON.parse((await runCli(['version', '-o', 'json'])).stdout)).toMatchObject({ pluvio: version });
  });
});

describe('completion', () => {
  test('bash completes commands, options, and values', async () => {
    const path = join(folder, 'pluvio.bash');
    await writeFile(path, (await runCli(['completion', 'bash'])).stdout);
    const complete = (...words: readonly string[]): string[] => {
      const script = `source ${path}; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _pluvio; printf '%s\\n' "\${COMPREPLY[@]}"`;
      const { stdout } = spawnSync('bash', ['-c', script, 'bash', 'pluvio', ...words], {
        encoding: 'utf8',
        cwd: folder,
      });
      return stdout.trim().split('\n');
    };
    expect(complete('sn')).toEqual(['snapshot']);
    expect(complete('logs', '--fo')).toEqual(['--follow']);
    expect(complete('list', '-o', 'js')).toEqual(['json']);
    expect(complete('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(complete('run', '--fuel', '5', 'pi.')).toEqual(['pi.drop']);
  });

  test.each(['zsh', 'fish'])('%s has every command and option', async (shell) => {
    const { stdout } = await runCli(['completion', shell]);
    for (const { name, options } of COMMANDS) {
      expect(stdout).toContain(name);
      for (const { flags } of options) expect(stdout).toContain(/--([a-z-]+)/.exec(flags)?.[1] ?? flags);
    }
  });
});

describe('inspect', () => {
  test('a module', async () => {
    const { stdout } = await runCli(['inspect', '-v', PI]);
    expect(stdout).toMatch(/\nkind +command \(_start\)\n/);
    expect(stdout).toMatch(/\nportable +yes/);
    expect(stdout).toContain('  wasi_snapshot_preview1.fd_write  func [i32 i32 i32 i32] -> [i32]\n');
  });

  test('a stopped program, with its stack and the values of locals', async () => {
    const { stdout } = await runCli(['inspect', '-v', drop]);
    expect(stdout).toMatch(
      /\n {3}0: main \(function \d+\) at pc 0x[0-9a-f]+, file offset 0x[0-9a-f]+, loop\n {6}local /,
    );
    expect(stdout).toMatch(/\n {3}\d+: _start \(function \d+\)/);
    expect(stdout).toMatch(/\nsigned by +nobody\n/);
    expect(stdout).toContain('arguments  "pi.wasm" "600"\n');
  });

  test('as JSON', async () => {
    const { stdout } = await runCli(['inspect', drop, '-o', 'json']);
    expect(JSON.parse(stdout)).toMatchObject({
      bundle: { manifest: { name: 'pi', limits: { fuel: '3000000' } }, state: { starting: false } },
      module: { kind: 'command', portability: { migratable: true } },
    });
  });

  test('a core dump holds the memory and the stack', async () => {
    const path = join(folder, 'pi.core');
    expect(await runCli(['inspect', drop, '--coredump', path])).toMatchObject({ exitCode: 0 });
    const dump = decodeModule(new Uint8Array(await readFile(path)));
    expect(dump.customs.map(({ name }) => name)).toEqual(['core', 'coremodules', 'coreinstances', 'corestack']);
    expect(dump.memories).toHaveLength(1);
  });
});

test('NO_COLOR is not needed where nobody looks, and colours can be forced', async () => {
  const plain = await runCli(['run', '/no/such/file']);
  expect(plain.stderr).not.toContain('\u001b');
  const forced = await runCli(['run', '/no/such/file'], { env: { FORCE_COLOR: '1' } });
  expect(forced.stderr).toContain('\u001b[31merror[FILE_FAILED]');
  const both = await runCli(['run', '/no/such/file'], { env: { NO_COLOR: '1' } });
  expect(both.stderr).not.toContain('\u001b');
});
