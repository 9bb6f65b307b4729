import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Agent, request } from 'undici/index.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PluvioError } from '../../errors/index.ts';
import { peerAgent, peerConnect, pinOf, readTlsServer, type TlsPeerOptions } from './tls.ts';

let folder: string;
const inFolder = (name: string): string => join(folder, name);
const openssl = (...args: readonly string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' });

/** A self-signed certificate for 127.0.0.1, and its key. */
async function makeCertificate(name: string, algorithm: string): Promise<void> {
  const [cert, key] = [inFolder(`${name}.crt`), inFolder(`${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes'];
  openssl(
    'req',
    '-x509',
    '-newkey',
    algorithm,
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    ...subject,
    '-keyout',
    key,
    '-out',
    cert,
  );
  await chmod(key, 0o600);
}

const servers: Server[] = [];
async function serve(name: string, clientCa?: string): Promise<string> {
  const files = { cert: inFolder(`${name}.crt`), key: inFolder(`${name}.key`), clientCa };
  const server = createServer((await readTlsServer(files))!, (_, response) => response.end('answer'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const agents: Agent[] = [];
async function ask(url: string, options: TlsPeerOptions): Promise<string> {
  const dispatcher = peerAgent(options, { connectTimeout: 5000 });
  agents.push(dispatcher);
  return (await request(url, { dispatcher })).body.text();
}

let ca: Buffer;
let pin: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-tls-'));
  for (const name of ['node', 'other', 'client']) await makeCertificate(name, 'ec');
  ca = await readFile(inFolder('node.crt'));
  pin = pinOf(new X509Certificate(ca));
});
afterAll(async () => {
  for (const agent of agents) await agent.close();
  for (const server of servers) server.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a pinned client', () => {
  it('takes the pinned key, and no other that the same authorities stand for', async () => {
    const url = await serve('node');
    expect(await ask(url, { ca, pins: [pin] })).toBe('answer');
    const other = pinOf(new X509Certificate(await readFile(inFolder('other.crt'))));
    expect(await ask(url, { ca, pins: [other, pin] })).toBe('answer');
    const refused: unknown = await ask(url, { ca, pins: [other] }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(PluvioError);
    expect(refused).toMatchObject({ code: 'NODE_UNTRUSTED', details: { found: pin } });
  });

  it('looks at the pin on each connection, and at chain and name besides', async () => {
    const url = await serve('node');
    for (let times = 0; times < 3; times++) expect(await ask(url, { ca, pins: [pin] })).toBe('answer');
    await expect(ask(url, { pins: [pin] })).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const byName = url.replace('127.0.0.1', 'localhost');
    await expect(ask(byName, { ca, pins: [pin] })).rejects.toMatchObject({ code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });

  it('pins as openssl computes them', () => {
    const key = execFileSync('openssl', ['x509', '-in', inFolder('node.crt'), '-pubkey', '-noout']);
    const der = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'der'], { input: key });
    const hash = execFileSync('openssl', ['dgst', '-sha256', '-binary'], { input: der });
    expect(pin).toBe(`sha256/${hash.toString('base64')}`);
  });

  it.each(['', 'sha256/x', `sha1/${'A'.repeat(43)}=`])('%j is no pin', (text) => {
    expect(() => peerConnect({ pins: [text] })).toThrowError(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('a server', () => {
  it('that has authorities of clients takes none without a certificate of theirs', async () => {
    const url = await serve('node', inFolder('client.crt'));
    const [cert, key] = await Promise.all([readFile(inFolder('client.crt')), readFile(inFolder('client.key'))]);
    expect(await ask(url, { ca, pins: [pin], cert, key })).toBe('answer');
    await expect(ask(url, { ca, pins: [pin] })).rejects.toThrowError();
    const [otherCert, otherKey] = await Promise.all([readFile(inFolder('other.crt')), readFile(inFolder('other.key'))]);
    await expect(ask(url, { ca, pins: [pin], cert: otherCert, key: otherKey })).rejects.toThrowError();
  });

  it('needs certificate and key that belong together, the key for its owner only', async () => {
    const [cert, key] = [inFolder('node.crt'), inFolder('node.key')];
    expect(await readTlsServer({})).toBeUndefined();
    await expect(readTlsServer({ cert })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(readTlsServer({ clientCa: cert })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(readTlsServer({ cert, key: inFolder('other.key') })).rejects.toMatchObject({ code: 'KEY_INVALID' });
    await expect(readTlsServer({ cert: key, key })).rejects.toMatchObject({ code: 'KEY_INVALID' });
    await expect(readTlsServer({ cert: inFolder('none'), key })).rejects.toMatchObject({ code: 'FILE_FAILED' });
    await chmod(key, 0o644);
    await expect(readTlsServer({ cert, key })).rejects.toThrowError(/has mode 644/);
    await chmod(key, 0o600);
  });
});
