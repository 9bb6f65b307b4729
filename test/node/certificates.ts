/** Certificates for tests, made by openssl. */
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, fetch as undiciFetch } from 'undici';
import { pinOf } from '../../runtime/node/security/index.ts';
import type { ClientOptions } from '../../sdk/client/index.ts';

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly pin: string;
  readonly pem: Buffer;
}

/** A self-signed certificate for 127.0.0.1 in a folder. */
export async function makeCertificate(folder: string, name: string): Promise<Certificate> {
  const [cert, key] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)];
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes'];
  const files = ['-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ed25519', ...subject, ...files], { stdio: 'pipe' });
  await chmod(key, 0o600);
  const pem = await readFile(cert);
  return { cert, key, pem, pin: pinOf(new X509Certificate(pem)) };
}

type FetchFunction = NonNullable<ClientOptions['fetch']>;

/** `fetch` that takes the certificates of these authorities. */
export function fetchWith(
  ca: readonly Buffer[],
  closeLater: (close: () => Promise<unknown>) => unknown,
): FetchFunction {
  const dispatcher = new Agent({ connect: { ca: [...ca] } });
  closeLater(() => dispatcher.destroy());
  return (url, init) => undiciFetch(url, { ...init, dispatcher } as never) as unknown as Promise<Response>; // the same interface
}
