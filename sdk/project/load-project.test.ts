import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BUILD_FOLDER } from './build-module.ts';
import { buildProject, writeBuild } from './build-project.ts';
import { loadProject, projectOf } from './load-project.ts';
import { checkLock } from './lock.ts';
import { projectFolder } from './testing/projects.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
const of = (text: string): ReturnType<typeof projectOf> => projectOf('.', 'pluvio.json', encode(text));
const LEAST = { name: 'x', build: { entry: 'a.ts' } };
const withFields = (fields: object): string => JSON.stringify({ ...LEAST, ...fields });

describe('a pluvio.json', () => {
  it('needs a name and a build', () => {
    expect(of(withFields({}))).toEqual({
      folder: '.',
      name: 'x',
      build: { kind: 'assembly', entry: 'a.ts', optimize: 'balanced' },
      tests: { kind: 'folder', folder: 'tests' },
      manifest: { schemaVersion: 1, name: 'x' },
    });
  });

  it('says everything of the manifest, and its version is an annotation', () => {
    const fields = {
      args: ['x', '1'],
      env: { A: 'b' },
      limits: { fuel: 5, memoryPages: 16 },
      hostLimits: { storageBytes: 1024 },
      service: { priority: 'batch', latencyMs: 5 },
      checkpoint: 'every 10s',
      hibernate: { afterMs: 1000 },
      routes: [{ path: '/a*', methods: ['GET'], export: 'handle', host: 'a.example' }],
      config: { a: 'b' },
      secrets: ['KEY'],
      capabilities: { kv: [], config: ['*'] },
      interface: { add: { encoding: 'core' } },
    };
    const { manifest } = of(withFields({ ...fields, version: '1.2.3-beta.1', $schema: 'x' }));
    expect(manifest).toEqual({
      schemaVersion: 1,
      name: 'x',
      ...fields,
      limits: { fuel: 5n, memoryPages: 16 },
      annotations: { 'org.opencontainers.image.version': '1.2.3-beta.1' },
    });
  });

  it.each<[what: string, text: string, told: string]>([
    ['no JSON', '{\n  "name": }', 'pluvio.json:2:11: is not JSON: value expected'],
    ['no object', '[]', 'pluvio.json:1:1: found array'],
    ['no name', '{"build":{"entry":"a.ts"}}', 'name'],
    ['a bad name', withFields({ name: 'A b' }), 'pluvio.json:1:2: name: found "A b", must be lower-case letters'],
    ['a field twice', '{\n"name":"x",\n"name":"y"}', 'pluvio.json:3:1: "name" stands here for the second time'],
    ['an unknown field', '{"name":"x","build":{"entry":"a.ts"},\n  "colour": 1}', 'pluvio.json:2:3: colour'],
    ['a misspelt field', '{"build":{"entry":"a.ts"},\n  "nmae": "x"}', 'pluvio.json:2:3: nmae: is not a field here'],
    ['an unknown capability', withFields({ capabilities: { fly: [] } }), 'capabilities.fly'],
    [
      'a scope that is no text',
      '{"name":"x","build":{"entry":"a.ts"},\n"capabilities":{"config":[\n1]}}',
      'pluvio.json:3:1: capabilities.config[0]',
    ],
    ['a limit beyond its range', withFields({ hostLimits: { blobs: 65_537 } }), 'hostLimits.blobs'],
    ['an unknown limit', withFields({ limits: { speed: 1 } }), 'limits.speed'],
    ['an unknown policy', withFields({ checkpoint: 'sometimes' }), 'checkpoint'],
    ['a policy of no time', withFields({ checkpoint: 'every 0s' }), 'checkpoint'],
    ['a path that leaves the project', withFields({ files: [{ path: '/a', source: '../a' }] }), 'files[0].source'],
    ['an absolute source', withFields({ files: [{ path: '/a', source: '/a' }] }), 'files[0].source'],
    ['a route without a path', withFields({ routes: [{ host: 'a' }] }), 'routes[0]'],
    ['a star inside a path', withFields({ routes: [{ path: '/*/a' }] }), 'routes[0].path'],
    [
      'two ways to build',
      withFields({ build: { entry: 'a.ts', module: 'a.wasm' } }),
      'build: has entry and another way',
    ],
    ['no way to build', withFields({ build: {} }), 'build: has no module'],
    ['a command without a module', withFields({ build: { command: ['cc'] } }), 'build: has no module'],
    ['an empty command', withFields({ build: { command: [], module: 'a' } }), 'build: has an empty command'],
    ['an entry of another language', withFields({ build: { entry: 'a.js' } }), 'build: entry is a.js'],
    ['optimize without an entry', withFields({ build: { module: 'a', optimize: 'speed' } }), 'build: has optimize'],
  ])('with %s is refused, with its place', (_, text, told) => {
    expect(() => of(text)).toThrow(
      expect.objectContaining({ code: 'PROJECT_INVALID', message: expect.stringContaining(told) as string }) as Error,
    );
  });

  it('must be there', async () => {
    await expect(loadProject(await projectFolder({}))).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });
});

const SOURCE = 'export function greet(name: string): string { return "Hello, " + name; }';
const files = (fields: object): Record<string, string> => ({
  'pluvio.json': JSON.stringify({ name: 'greeter', build: { entry: 'assembly/index.ts' }, ...fields }),
  'assembly/index.ts': SOURCE,
  'data/a.txt': 'a',
  'data/b/c.txt': 'c',
});

describe('a build', () => {
  it('gives the same bytes from the same sources, wherever they lie', async () => {
    const fields = { files: [{ path: '/data', source: 'data', writable: true }] };
    const [one, other] = [await projectFolder(files(fields)), await projectFolder(files(fields))];
    const built = await buildProject(await loadProject(one));
    expect(await buildProject(await loadProject(other))).toEqual(built);
    expect([...built.bundle.files.keys()]).toEqual(['data/a.txt', 'data/b/c.txt']);
    expect(built.lock.compiler).toMatch(/^assemblyscript \d+\.\d+\.\d+$/);
    expect(built.notes).toEqual([]);
  });

  it('is held against the lock', async () => {
    const project = await loadProject(await projectFolder(files({})));
    const built = await buildProject(project);
    await expect(writeBuild(project, built, true)).rejects.toMatchObject({ code: 'FILE_FAILED' });
    await writeBuild(project, built, false);
    await writeBuild(project, built, true);
    const other = { ...built.lock, module: 'sha256:0' };
    await expect(checkLock(project, other)).rejects.toMatchObject({
      code: 'LOCK_MISMATCH',
      details: { field: 'module' },
    });
  });

  it('tells which capabilities the program needs and the project does not ask for', async () => {
    const source = `import { kv } from 'pluvio/assembly'; export function f(): string | null { return kv.getText('a'); }`;
    const folder = await projectFolder({ ...files({}), 'assembly/index.ts': source });
    expect((await buildProject(await loadProject(folder))).notes).toEqual([expect.stringContaining('capability kv')]);
  });

  it('runs a command, and passes on what it says', async () => {
    const node = process.execPath;
    const copy = `require('node:fs').copyFileSync('empty.wasm', '${BUILD_FOLDER}/x.wasm')`;
    const build = (script: string): object => ({
      build: { command: [node, '-e', script], module: `${BUILD_FOLDER}/x.wasm` },
    });
    const wasm = { 'empty.wasm': '\0asm\u0001\0\0\0' };
    const folder = await projectFolder({ ...files(build(copy)), ...wasm });
    expect((await buildProject(await loadProject(folder))).bundle.module).toEqual(encode(wasm['empty.wasm']));

    const failing = await projectFolder(files(build(`console.error('x.c:3: no'); process.exit(3)`)));
    await expect(buildProject(await loadProject(failing))).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringMatching(/ended with code 3:\nx\.c:3: no$/) as string,
    });
    const missing = await projectFolder(files({ build: { command: ['no-such-compiler'], module: 'x.wasm' } }));
    await expect(buildProject(await loadProject(missing))).rejects.toMatchObject({
      code: 'COMPILER_MISSING',
      message: 'cannot run no-such-compiler, which pluvio.json names: there is no such program on PATH',
    });
    const silent = await projectFolder(files(build('')));
    await mkdir(join(silent, BUILD_FOLDER), { recursive: true });
    await expect(buildProject(await loadProject(silent))).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });

  it('needs the files that the project names', async () => {
    const folder = await projectFolder(files({ files: [{ path: '/x', source: 'nothing' }] }));
    await expect(buildProject(await loadProject(folder))).rejects.toMatchObject({ code: 'FILE_FAILED' });
  });
});
