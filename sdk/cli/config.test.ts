import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openFolder, runCli, startCli } from './testing/cli-process.ts';

let folder: string;
beforeAll(async () => {
  folder = await openFolder();
});

async function fileOf(name: string, config: unknown): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, JSON.stringify(config, null, 2));
  return file;
}

test('validate takes a good file and tells every fault of a bad one', async () => {
  const good = await fileOf('good.json', { name: 'a', limits: { workers: 5 } });
  expect(await runCli(['config', 'validate', good, '-o', 'json'])).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('"settings": 2') as unknown,
  });
  const bad = await fileOf('bad.json', { nmae: 'a', limits: { workers: 'x' } });
  const { exitCode, stdout, stderr } = await runCli(['config', 'validate', bad]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(/^error\[CONFIG_INVALID\]: .*bad\.json:2:3: nmae: .*\n.*bad\.json:4:5: limits\.workers: /);
  expect((await runCli(['config', 'validate'])).exitCode).toBe(2);
  expect((await runCli(['config', 'show', '--set', 'x'])).exitCode).toBe(2);
});

test('show tells what holds and where it comes from, and no secret', async () => {
  const file = await fileOf('shown.json', { name: 'of-file', engine: { threads: 3 } });
  const env = { PLUVIO_NAME: 'of-env', PLUVIO_TOKEN: 'a-token-of-some-length' };
  const { stdout } = await runCli(['config', 'show', file, '--set', 'limits.workers=9', '-o', 'json'], { env });
  expect(JSON.parse(stdout)).toMatchObject({
    name: { value: 'of-env', source: 'environment', place: '$PLUVIO_NAME' },
    'engine.threads': { value: 3, source: 'file', place: `${file}:4` },
    'limits.workers': { value: 9, source: 'flag' },
    'access.token': { value: '(set)', source: 'environment' },
    dataDir: { value: null, source: 'default' },
  });
  expect(stdout).not.toContain(env.PLUVIO_TOKEN);
  const text = await runCli(['config', 'show', '--config', file]);
  expect(text.stdout).toMatch(/\nengine\.threads +3 +file .*shown\.json:4\n/);
});

test('a node starts with a file, and flags win', async () => {
  const file = await fileOf('node.json', { name: 'of-file', listen: '127.0.0.1:1' });
  const node = startCli(['node', '--config', file, '--listen', '127.0.0.1:0']);
  await node.until('stderr', 'listens on');
  expect(node.stderr).toMatch(/^node "of-file" listens on http:\/\/127\.0\.0\.1:(?!1\n|1;)\d+/);
  node.signal('SIGTERM');
  expect((await node.end()).exitCode).toBe(0);
});
