import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig, nodeOptionsOf, SETTING_ROWS } from '../../runtime/node/config/index.ts';
import { startNode } from '../../runtime/node/index.ts';

const fileOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const variables = new Set(SETTING_ROWS.map(([, { env }]) => env));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-example-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('node.json is taken as it is, and a node starts with it', async () => {
  const file = fileOf('node.json');
  const { values } = await loadConfig({ file });
  expect(values).toMatchObject({ name: 'node-1', dataDir: fileOf('data') });
  const config = await loadConfig({ file, flags: { dataDir: folder, listen: '127.0.0.1:0' } });
  const node = await startNode(await nodeOptionsOf(config, () => undefined));
  try {
    const answer = await fetch(`${node.url}/v1/node`);
    expect(await answer.json()).toMatchObject({ name: 'node-1', persistent: true, limits: { workers: 10_000 } });
  } finally {
    await node.close();
  }
});

describe('pluvio-node.service', () => {
  it('sets variables that there are', async () => {
    const unit = await readFile(fileOf('pluvio-node.service'), 'utf8');
    const set = [...unit.matchAll(/^(?:# .*`)?Environment=(\w+)=/gm)].map((match) => match[1]);
    expect(set).not.toEqual([]);
    for (const name of unit.match(/\bPLUVIO_\w+/g) ?? []) expect(variables).toContain(name);
  });

  it('is what systemd takes, with little exposed, where it is installed', async ({ skip }) => {
    if (spawnSync('systemd-analyze', ['--version']).error) skip('systemd is not installed');
    // The program need not be installed here.
    const unit = (await readFile(fileOf('pluvio-node.service'), 'utf8')).replace('/usr/bin/pluvio', '/bin/true');
    const path = join(folder, 'pluvio-node.service');
    await writeFile(path, unit);
    const analyze = (...args: string[]) => spawnSync('systemd-analyze', [...args, path], { encoding: 'utf8' });
    const verified = analyze('verify');
    expect({ status: verified.status, output: verified.stdout + verified.stderr }).toEqual({ status: 0, output: '' });
    // The threshold is in tenths.
    expect(analyze('security', '--offline=true', '--threshold=20').status).toBe(0);
  });
});

describe('Containerfile', () => {
  it('has known instructions, a user, and variables that there are', async () => {
    const text = (await readFile(fileOf('Containerfile'), 'utf8')).replaceAll('\\\n', ' ');
    const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
    const steps = lines.map((line) => /^([A-Z]+) (.+)$/.exec(line)?.slice(1, 3) ?? [line, '']) as [string, string][];
    const known = 'FROM COPY RUN ENV USER VOLUME EXPOSE STOPSIGNAL HEALTHCHECK ENTRYPOINT CMD'.split(' ');
    for (const [instruction] of steps) expect(known).toContain(instruction);
    const of = (name: string): string => steps.findLast(([instruction]) => instruction === name)?.[1] ?? '';
    expect(steps[0]?.[0]).toBe('FROM');
    expect(of('USER')).toBe('node');
    expect(JSON.parse(of('ENTRYPOINT'))).toEqual(['pluvio', 'node']);
    expect(JSON.parse(of('CMD'))).toEqual(['--config', '/etc/pluvio/node.json']);
    for (const name of text.match(/\bPLUVIO_\w+/g) ?? []) expect(variables).toContain(name);
    for (const copied of text.matchAll(/^COPY (examples\S+)/gm)) await readFile(fileOf(`../../${copied[1]}`));
  });
});
