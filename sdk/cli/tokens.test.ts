import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { openNodeIdentity, Revocations, REVOCATIONS_FILE, TokenVerifier } from '../../runtime/node/security/index.ts';
import { openFolder, runCli } from './testing/cli-process.ts';

let folder: string;
const inFolder = (name: string): string => join(folder, name);
const token = (...args: readonly string[]) => runCli(['token', ...args]);
const parsed = (text: string): Readonly<Record<string, unknown>> =>
  JSON.parse(text) as Readonly<Record<string, unknown>>;

beforeAll(async () => {
  folder = await openFolder();
});

test('the life of a token of a node: made, narrowed, looked at, used, revoked', async () => {
  const data = inFolder('data');
  const identity = await openNodeIdentity(data);
  const verifier = new TokenVerifier({
    issuers: [{ key: identity.shown.publicKey }],
    audience: ['node-1'],
    revocations: new Revocations(join(data, REVOCATIONS_FILE), 0),
    now: Date.now,
  });
  const made = await token('create', '--data', data, '--subject', 'ci', '--verb', 'read,deploy', '--expires', '8h');
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  await writeFile(inFolder('ci.token'), made.stdout);

  const args = ['--worker', 'web-*', '--verb', 'read', '--tenant', 'acme', '--subject', 'job', '--final'];
  const narrow = await token('narrow', inFolder('ci.token'), ...args);
  await writeFile(inFolder('job.token'), narrow.stdout);
  expect(parsed((await token('inspect', inFolder('job.token'), '-o', 'json')).stdout)).toMatchObject({
    subject: 'ci/job',
    issuer: identity.shown.keyId,
    tenant: 'acme',
    workers: ['web-*'],
    verbs: ['read'],
    narrowable: false,
  });
  expect((await token('inspect', inFolder('ci.token'))).stdout).toMatch(/^subject +ci\n(?:.*\n)+tenant +any\n/);
  expect(await verifier.verify(narrow.stdout.trim())).toMatchObject({ subject: 'ci/job', tenant: 'acme' });

  const again = await token('narrow', inFolder('job.token'));
  expect(again).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('error[TOKEN_INVALID]') as unknown });
  const wider = await token('narrow', inFolder('ci.token'), '--verb', 'admin');
  expect(wider.stderr).toContain('claim.verbs: allows more');

  expect((await token('revoke', inFolder('ci.token'), '--data', data)).stderr).toMatch(/^revoked [\w-]{22}\n$/);
  expect(() => verifier.verify(narrow.stdout.trim())).toThrowError(/was revoked/);
});

test('a key of its own, and all that it signed before a moment', async () => {
  const data = inFolder('data-2');
  const key = inFolder('issuer.pem');
  const shown = parsed((await token('key', key, '-o', 'json')).stdout);
  expect(parsed((await token('key', key, '-o', 'json')).stdout)).toEqual(shown);
  expect((await stat(key)).mode & 0o777).toBe(0o600);
  await openNodeIdentity(data);
  const revoked = await token('revoke', '--key', key, '--before', '2100-01-01', '--data', data, '-o', 'json');
  expect(parsed(revoked.stdout)).toMatchObject({ issuer: shown['keyId'], beforeS: Date.UTC(2100, 0) / 1000 });
  expect(await readFile(join(data, REVOCATIONS_FILE), 'utf8')).toContain(String(shown['keyId']));
});

test.each([
  [['create', '--subject', 'x', '--verb', 'read'], /--key FILE or --data DIR/],
  [['create', '--key', 'x', '--subject', 'x'], /needs --subject and --verb/],
  [['create', '--subject', 'x', '--verb', 'everything'], /must be one of read, logs/],
  [['narrow'], /a file with the token must be given/],
  [['revoke', 'x'], /needs --data/],
  [['forge'], /choices/],
])('%s is a mistake', async (args, message) => {
  const { exitCode, stderr } = await token(...args);
  expect(exitCode).toBe(2);
  expect(stderr).toMatch(message);
});
