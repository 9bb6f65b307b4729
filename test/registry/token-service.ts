/** A token service for docker-registry: signs what a registry of its own trusts. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { SignJWT } from 'jose';

const ISSUER = 'pluvio-test';

export interface TokenService {
  readonly realm: string;
  readonly issuer: string;
  readonly certificate: string;
  close(): Promise<void>;
}

/** Gives tokens to one user, for what is asked. */
export async function startTokenService(folder: string, user: string, password: string): Promise<TokenService> {
  const [certificate, keyFile] = [join(folder, 'token.crt'), join(folder, 'token.key')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];
  const files = ['-keyout', keyFile, '-out', certificate, '-days', '2', '-nodes', '-subj', '/CN=tokens'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...files], { stdio: 'pipe' });
  const key = createPrivateKey(await readFile(keyFile));
  const chain = [new X509Certificate(await readFile(certificate)).raw.toString('base64')];
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

  const answer = async (url: URL, authorization: string | undefined): Promise<string | undefined> => {
    if (authorization !== expected) return undefined;
    const access = url.searchParams.getAll('scope').map((scope) => {
      const [type, name, actions = ''] = scope.split(':');
      return { type, name, actions: actions.split(',') };
    });
    const token = new SignJWT({ access }).setProtectedHeader({ alg: 'ES256', typ: 'JWT', x5c: chain });
    return token
      .setIssuer(ISSUER)
      .setSubject(user)
      .setAudience(url.searchParams.get('service') ?? '')
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime('60s')
      .setJti('one')
      .sign(key);
  };
  const server = createServer((request, response) => {
    answer(new URL(request.url ?? '', 'http://x'), request.headers.authorization).then(
      (token) => {
        response.writeHead(token === undefined ? 401 : 200, { 'content-type': 'application/json' });
        response.end(JSON.stringify(token === undefined ? { details: 'unknown' } : { token }));
      },
      () => response.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    realm: `http://127.0.0.1:${port}/token`,
    issuer: ISSUER,
    certificate,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
