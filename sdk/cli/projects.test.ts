/** Projects on the command line, from a template to a call. */
import { existsSync } from 'node:fs';
import { readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { type CliNode, openFolder, runCli, startCli, startCliNode } from './testing/cli-process.ts';

// Each test is some ten processes and compilations, one after the other.
vi.setConfig({ testTimeout: 240_000 });

let home: string;
let node: CliNode;
beforeAll(async () => {
  home = await openFolder();
  const config = join(home, 'node.json');
  await writeFile(config, JSON.stringify({ grants: { kv: [], 'http.inbound': ['*/*'] } }));
  node = await startCliNode('--config', config);
});

const inHome = (path: string): string => join(home, path);
const pluvio = (...args: string[]): ReturnType<typeof runCli> =>
  runCli(args, { cwd: home, env: { PLUVIO_NODE: node.url } });
const edit = async (path: string, from: string, to: string): Promise<void> => {
  const text = await readFile(inHome(path), 'utf8');
  expect(text).toContain(from);
  await writeFile(inHome(path), text.replace(from, to));
};
const OK = { exitCode: 0, stderr: '' };

// One after the other: a project goes through its life.
describe('a project of a template', () => {
  it('is tested, built, deployed and called', async () => {
    expect(await pluvio('new', 'greeter', '-t', 'assemblyscript-service')).toMatchObject({
      exitCode: 0,
      stdout: 'greeter\n',
    });
    expect(await pluvio('test', 'greeter')).toMatchObject({
      exitCode: 0,
      stdout: 'ok    tests/greet.test.ts  greets\nok    tests/greet.test.ts  remembersGuests\n',
      stderr: '2 passed, 0 failed\n',
    });

    const built = await pluvio('build', 'greeter', '-o', 'json');
    expect(built).toMatchObject(OK);
    const { bundle } = JSON.parse(built.stdout) as { bundle: string };
    expect(JSON.parse(await readFile(inHome('greeter/pluvio.lock'), 'utf8'))).toMatchObject({ bundle });
    expect(existsSync(inHome('greeter/build/greeter.wasm'))).toBe(true);
    expect(await pluvio('build', 'greeter', '--locked')).toMatchObject({ exitCode: 0 });

    const planned = await pluvio('deploy', 'greeter', '--dry-run');
    expect(planned).toMatchObject({
      exitCode: 0,
      stderr: 'it asks for kv; whether the node grants that is not checked\n',
    });
    expect(planned.stdout).toMatch(/^create greeter: a worker that is not there yet\n {2}bundle sha256:/);
    expect(planned.stdout).toContain('  + capabilities.kv: []\n');
    expect((await pluvio('get', 'greeter')).stderr).toContain('WORKER_NOT_FOUND');
    expect((await pluvio('deploy', 'greeter')).stdout).toMatch(/\ngreeter {2}idle\n$/);

    expect(await pluvio('call', 'greeter', 'greet', '"Ada"')).toMatchObject({ ...OK, stdout: '"Hello, Ada!"\n' });
    expect(await pluvio('call', 'greeter', 'greet', 'Ada')).toMatchObject({
      ...OK,
      stdout: '"Hello again, Ada! (2)"\n',
    });
    expect((await pluvio('call', '-o', 'json', 'greeter', 'guests')).stdout).toContain('"visits": 2');
    expect(await pluvio('call', 'greeter', 'greet')).toMatchObject({ exitCode: 2 });
    expect((await pluvio('call', 'greeter', 'greet')).stderr).toContain(
      '"greet" takes (name: string); 0 arguments are given',
    );
    expect(await pluvio('call', 'greeter', 'greeet')).toMatchObject({
      exitCode: 1,
      stderr:
        'error[EXPORT_NOT_FOUND]: worker "greeter" has no export greeet; it has greet, guests (did you mean greet?)\n',
    });
    expect((await pluvio('call', 'greeter', 'guests', '-o', 'json')).stdout).toContain('"visits": 2');
    expect((await pluvio('call', 'greeter', 'guests', '--help')).stdout).toMatch(/^Usage: pluvio call /);
    expect((await pluvio('call', 'greeter', 'guests', '--', '--help')).stderr).toContain('1 arguments are given');
    expect((await pluvio('call', 'greeter', 'greet')).stderr).toContain('hint: `pluvio help call` explains it\n');
    const types = await pluvio('types', 'greeter');
    expect(types.stdout).toContain(
      'export interface Greeter {\n  greet(name: string): string;\n  guests(): Guest[];\n}\n',
    );
    expect((await pluvio('types', inHome('greeter/build/greeter.drop'))).stdout).toBe(types.stdout);
  });

  it('is refused by a node that grants nothing, which is told how to start', async () => {
    const strict = await startCliNode();
    const refused = await pluvio('deploy', 'greeter', '--node', strict.url);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(
      /^error\[FORBIDDEN\]: .* is not granted: kv\nhint: start the node with `--set 'grants=\{"kv":\[\]\}'`/,
    );
    const granting = await startCliNode('--set', 'grants={"kv":[]}');
    expect(await pluvio('deploy', 'greeter', '--node', granting.url)).toMatchObject(OK);
  });

  it('needs a node, where it calls one', async () => {
    const module = inHome('greeter/build/greeter.wasm');
    const needed = 'this program needs a node: `pluvio dev`, `pluvio deploy`, or `pluvio run --node URL`\n';
    expect((await pluvio('run', module)).stderr).toContain(`hint: ${needed}`);
    const { stdout } = await pluvio('inspect', module);
    expect(stdout).toContain(needed);
    expect(stdout).not.toContain('not provided');
  });

  it('keeps its state with the same module', async () => {
    expect((await pluvio('deploy', 'greeter')).stdout).toContain('greeter: nothing changes\n');
    await edit('greeter/pluvio.json', '"each-call"', '"every 5s"');
    const kept = await pluvio('deploy', 'greeter');
    expect(kept.stdout).toContain('update greeter: it goes on with its state\n');
    expect(kept.stdout).toContain('  ~ checkpoint: "each-call" → "every 5s"\n');
    expect((await pluvio('call', 'greeter', 'greet', 'Ada')).stdout).toBe('"Hello again, Ada! (3)"\n');
  });

  it('begins anew with another module', async () => {
    await edit('greeter/assembly/index.ts', 'Hello, ', 'Welcome, ');
    expect(await pluvio('build', 'greeter', '--locked')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('LOCK_MISMATCH') as string,
    });
    expect(await pluvio('deploy', 'greeter', '--keep')).toMatchObject({ exitCode: 1 });
    const anew = await pluvio('deploy', 'greeter');
    expect(anew.stdout).toContain('update greeter: it begins anew');
    expect(anew.stdout).toMatch(/ {2}~ module: [0-9a-f]{64} → [0-9a-f]{64}\n/);
    expect((await pluvio('call', 'greeter', 'greet', 'Ada')).stdout).toBe('"Welcome, Ada!"\n');
  });

  it('tells where the program is wrong', async () => {
    await pluvio('new', 'wrong', '-t', 'assemblyscript-service');
    await edit('wrong/assembly/index.ts', 'visits == 1', 'visits == "1"');
    const built = await pluvio('build', 'wrong');
    expect(built).toMatchObject({ exitCode: 1, stdout: '' });
    expect(built.stderr).toMatch(/^error\[BUILD_FAILED\]: .*assembly\/index\.ts\(\d+,\d+\)/s);
    await edit('wrong/assembly/index.ts', 'visits == "1"', 'visits == 7');
    const tested = await pluvio('test', 'wrong');
    expect(tested.exitCode).toBe(1);
    expect(tested.stdout).toMatch(
      /^FAIL {2}tests\/greet\.test\.ts {2}greets: the first time \(tests\/greet\.test\.ts:\d+:\d+\)$/m,
    );
    expect(tested.stderr).toBe('1 passed, 1 failed\n');
    await edit('wrong/pluvio.json', '"kv": []', '');
    expect((await pluvio('test', 'wrong')).stderr).toContain('pluvio.json does not ask for the capability kv\n');
  });

  it('tells of an export that pluvio.json names and the program does not have', async () => {
    await pluvio('new', 'astray', '-t', 'assemblyscript-http');
    await edit('astray/pluvio.json', '"export": "handle"', '"export": "handel"');
    const built = await pluvio('build', 'astray');
    expect(built).toMatchObject({ exitCode: 1, stdout: '' });
    expect(built.stderr).toMatch(
      /^error\[EXPORT_NOT_FOUND\]: pluvio\.json names the export handel, which the program does not have; it has .*countVisit/,
    );
  });

  it('tells what is not installed, without a stack of the build', async () => {
    await pluvio('new', 'bare', '-t', 'js-component');
    const built = await pluvio('build', 'bare');
    expect(built).toMatchObject({ exitCode: 1, stdout: '' });
    expect(built.stderr).toBe(
      'error[BUILD_FAILED]: node ended with code 1:\nthe package @bytecodealliance/componentize-js is not installed; `npm install` installs it\n',
    );
  });

  it('is not made twice, without a name, or of nothing', async () => {
    await pluvio('new', 'twice', '-t', 'c-program');
    expect((await pluvio('new', 'twice', '-t', 'c-program')).stderr).toContain(
      'it is there already\nhint: choose another name\n',
    );
    expect((await pluvio('new', 'twice/.', '-t', 'c-program')).stderr).toContain('twice/.: it is there already\n');
    expect((await pluvio('new', 'no/such/folder', '-t', 'c-program')).stderr).toMatch(
      /^error\[FILE_FAILED\]: cannot make the folder no\/such\/folder: the folder that it is to lie in is not there\n/,
    );
    expect((await pluvio('new', 'Big', '-t', 'c-program')).stderr).toContain('cannot name a project "Big"');
    expect(await pluvio('new', 'x')).toMatchObject({ exitCode: 2 });
    expect(await pluvio('new', '-t', 'c-program')).toMatchObject({ exitCode: 2 });
    expect(await pluvio('new', 'x', '-t', 'none')).toMatchObject({ exitCode: 2 });
    expect(await pluvio('build', 'x')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^error\[FILE_FAILED\].*\nhint: `pluvio new` makes a project/) as string,
    });
    expect(await pluvio('deploy', 'twice', '--name', 'my pi')).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining('it must be lower-case letters, digits and inner hyphens, 1 to 63') as string,
    });
  });

  it('depends on the checkout that made it, and on the Node of it', async () => {
    await pluvio('new', 'linked', '-t', 'c-program');
    const json = JSON.parse(await readFile(inHome('linked/package.json'), 'utf8')) as {
      devDependencies: Record<string, string>;
      optionalDependencies: Record<string, string>;
    };
    const [, path = ''] = /^file:(.+)$/.exec(json.devDependencies['pluvio'] ?? '') ?? [];
    const own = JSON.parse(await readFile(join(await realpath(inHome('linked')), path, 'package.json'), 'utf8')) as {
      name: string;
      optionalDependencies: Record<string, string>;
    };
    expect(own.name).toBe('pluvio');
    expect(json.optionalDependencies).toEqual(own.optionalDependencies);
  });

  it('fails its tests when the program does not compile, though they do', async () => {
    await pluvio('new', 'broken', '-t', 'assemblyscript-service');
    await writeFile(inHome('broken/tests/greet.test.ts'), 'export function nothing(): void {}\n');
    await edit('broken/assembly/index.ts', 'visits == 1', 'visits == "1"');
    const tested = await pluvio('test', 'broken');
    expect(tested).toMatchObject({ exitCode: 1, stdout: '' });
    expect(tested.stderr).toMatch(/^error\[BUILD_FAILED\]/);
  });

  it.each(['assemblyscript-http', 'stateful-agent'])('%s passes its tests and builds', async (template) => {
    await pluvio('new', template, '-t', template);
    expect(await pluvio('test', template)).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining(' 0 failed') as string,
    });
    expect(await pluvio('build', template, '-o', 'json')).toMatchObject(OK);
  });
});

describe('dev', () => {
  it('runs the project and what it becomes, and tells what it logs', async () => {
    await pluvio('new', 'work', '-t', 'assemblyscript-http');
    const args = ['dev', 'work', '--listen', '127.0.0.1:0', '--ingress', '127.0.0.1:0'];
    const dev = startCli(args, { cwd: home, env: {} });
    await dev.until('stderr', 'work runs (');
    const [, ingress = ''] = /routes on (\S+);/.exec(dev.stderr) ?? [];
    const ask = async (): Promise<string> => (await fetch(`${ingress}/a`)).text();
    expect(await ask()).toBe('/a was asked for 1 times\n');

    await edit('work/assembly/index.ts', '} was asked for', '} saw');
    await dev.until('stderr', 'work runs the new code: it keeps its keys');
    expect(await ask()).toBe('/a saw 2 times\n');

    await edit('work/assembly/index.ts', 'const path = pathOf', 'const path = = pathOf');
    await dev.until('stderr', 'BUILD_FAILED');
    expect(await ask()).toBe('/a saw 3 times\n');
    await edit('work/assembly/index.ts', 'const path = = pathOf', 'const path = pathOf');
    await dev.until('stderr', 'work is as before');
    await edit('work/assembly/index.ts', 'const path = pathOf', "console.log('asked');\n  const path = pathOf");
    await expect.poll(async () => (await ask(), dev.stdout), { timeout: 20_000 }).toContain('"message":"asked"');

    await edit('work/pluvio.json', '"latencyMs": 50', '"latencyMs": 60');
    await dev.until('stderr', 'goes on with its state');
    dev.signal('SIGINT');
    expect((await dev.end()).exitCode).toBe(0);
  });
});
