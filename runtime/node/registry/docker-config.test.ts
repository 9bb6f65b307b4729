import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerConfigPath, dockerCredentials } from './docker-config.ts';

let folder = '';
const pathBefore = process.env['PATH'] ?? '';

/** Helpers as shell scripts. */
const HELPERS: Readonly<Record<string, string>> = {
  good: 'read -r name; printf \'{"ServerURL":"%s","Username":"ann","Secret":"of %s"}\' "$name" "$name"',
  token: 'cat >/dev/null; echo \'{"Username":"<token>","Secret":"refresh"}\'',
  unknown: 'echo "credentials not found in native keychain"; exit 1',
  empty: 'echo \'{"Username":"","Secret":""}\'',
  failing: 'echo "the vault is locked"; exit 1',
  prose: 'echo hello',
  silent: 'sleep 1000',
  endless: 'yes',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-credentials-'));
  for (const [name, body] of Object.entries(HELPERS)) {
    const path = join(folder, `docker-credential-${name}`);
    await writeFile(path, `#!/bin/sh\n${body}\n`);
    await chmod(path, 0o755);
  }
  process.env['PATH'] = `${folder}${delimiter}${pathBefore}`;
});

afterAll(async () => {
  process.env['PATH'] = pathBefore;
  await rm(folder, { recursive: true, force: true });
});

async function ask(registry: string, config: unknown, helperMs?: number): Promise<unknown> {
  const path = join(folder, 'config.json');
  await writeFile(path, typeof config === 'string' ? config : JSON.stringify(config));
  return dockerCredentials({ path, ...(helperMs === undefined ? {} : { helperMs }) })(registry);
}

const pair = (text: string): { auth: string } => ({ auth: Buffer.from(text).toString('base64') });
const ANN = { kind: 'password', user: 'ann', password: 'a:b' };

describe('auths', () => {
  it.each([
    ['its own name', 'a.b:5000', { 'a.b:5000': pair('ann:a:b') }, ANN],
    ['an address', 'a.b', { 'https://a.b/v2/': pair('ann:a:b') }, ANN],
    ['an address of version 1', 'docker.io', { 'https://index.docker.io/v1/': pair('ann:a:b') }, ANN],
    ['user and password apart', 'a.b', { 'a.b': { username: 'ann', password: 'a:b' } }, ANN],
    ['an identity token', 'a.b', { 'a.b': { ...pair('ann:'), identitytoken: 't' } }, { kind: 'identity', token: 't' }],
    ['another registry', 'a.b', { 'a.b.c': pair('ann:a:b'), 'a.b:1': pair('ann:a:b') }, undefined],
    ['nothing', 'a.b', { 'a.b': {} }, undefined],
    ['no registry', '__proto__', {}, undefined],
  ])('%s', async (_, registry, auths, expected) => {
    expect(await ask(registry, { auths })).toEqual(expected);
  });
});

describe('helpers', () => {
  const good = { kind: 'password', user: 'ann', password: 'of a.b' };
  it.each([
    ['of the registry', { credHelpers: { 'a.b': 'good' }, credsStore: 'failing' }, good],
    ['of all', { credsStore: 'good' }, good],
    ['with a token', { credsStore: 'token' }, { kind: 'identity', token: 'refresh' }],
    ['that knows nothing', { credsStore: 'unknown', auths: { 'a.b': pair('ann:a:b') } }, ANN],
    ['that knows an empty name', { credsStore: 'empty' }, undefined],
    ['of another registry', { credHelpers: { 'c.d': 'failing' } }, undefined],
    ['of an empty name', { credsStore: '' }, undefined],
  ])('one %s', async (_, config, expected) => {
    expect(await ask('a.b', config)).toEqual(expected);
  });

  it.each([
    ['that fails', 'failing'],
    ['that writes no JSON', 'prose'],
    ['that is not there', 'nowhere'],
    ['with a path', '../good'],
    ['that is no text', 7],
    ['that never ends', 'silent'],
    ['that writes without end', 'endless'],
  ])('one %s is told', async (_, credsStore) => {
    await expect(ask('a.b', { credsStore }, 500)).rejects.toMatchObject({ code: 'CREDENTIALS_FAILED' });
  });
});

describe('a config', () => {
  it.each([
    ['that is no JSON', '{'],
    ['that is a list', []],
    ['with other auths', { auths: 7 }],
    ['with another entry', { auths: { 'a.b': 7 } }],
    ['without a user', { auths: { 'a.b': { auth: '????' } } }],
    ['that is too large', ' '.repeat(4 * 2 ** 20 + 1)],
  ])('%s is told', async (_, config) => {
    await expect(ask('a.b', config)).rejects.toMatchObject({ code: 'CREDENTIALS_FAILED' });
  });

  it('that was named and is not there is told; that of Docker may be missing', async () => {
    const path = join(folder, 'none', 'config.json');
    await expect(dockerCredentials({ path })('a.b')).rejects.toMatchObject({ code: 'CREDENTIALS_FAILED' });
    expect(dockerConfigPath({ DOCKER_CONFIG: '/x' })).toBe('/x/config.json');
    expect(dockerConfigPath({})).toMatch(/\/\.docker\/config\.json$/);
  });
});
