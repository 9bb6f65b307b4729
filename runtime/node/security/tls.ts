/**
 * TLS of a node: as a server, and as a client of other nodes whose keys are pinned.
 *
 * Boundary: node:tls and undici. A pin is `sha256/` and the base64 of the SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 7469).
 *
 * Invariants:
 * 1. TLS 1.3 or 1.2; nothing turns the verification of certificates off.
 * 2. With pins a connection counts only if the key of the certificate that the other side proved to have is among them, besides the checks of
 *    chain and name. A pinned key of a self-signed certificate is given as an authority, too (`peerCa`).
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { checkServerIdentity, createSecureContext, type PeerCertificate, type SecureVersion } from 'node:tls';
import { Agent, type buildConnector } from 'undici/index.js';
import { PluvioError } from '../../errors/index.ts';
import { readOwnerOnly } from './ed25519-keys.ts';

const MIN_VERSION: SecureVersion = 'TLSv1.2';
const PIN = /^sha256\/[A-Za-z0-9+/]{43}=$/;
const KEY_FILE_MAX_BYTES = 65_536;

export interface TlsFiles {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Authorities of client certificates; where given every client needs one. */
  readonly clientCa?: string | undefined;
}

/** What `https.createServer` takes. */
export interface TlsServerOptions {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: SecureVersion;
  readonly ca?: Buffer;
  readonly requestCert?: true;
  readonly rejectUnauthorized?: true;
}

async function readPem(path: string, what: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PluvioError('FILE_FAILED', `cannot read ${what} ${path}: ${reason}`, { path }, { cause });
  });
}

/**
 * Reads certificate and key of a server; undefined: the node answers without TLS.
 * @throws PluvioError `FILE_FAILED`, `KEY_INVALID`, `INVALID_ARGUMENT` if only one of the two is given
 */
export async function readTlsServer({ cert, key, clientCa }: TlsFiles): Promise<TlsServerOptions | undefined> {
  if (cert === undefined && key === undefined && clientCa === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new PluvioError('INVALID_ARGUMENT', 'TLS needs both a certificate and its key');
  }
  const options: TlsServerOptions = {
    cert: await readPem(cert, 'certificate'),
    key: await readOwnerOnly(key, KEY_FILE_MAX_BYTES),
    minVersion: MIN_VERSION,
    ...(clientCa === undefined
      ? {}
      : { ca: await readPem(clientCa, 'authorities'), requestCert: true, rejectUnauthorized: true }),
  };
  try {
    createSecureContext(options);
  } catch (cause) {
    const message = `certificate ${cert} and key ${key} cannot be used: ${(cause as Error).message}`;
    throw new PluvioError('KEY_INVALID', message, { cert, key }, { cause });
  }
  return options;
}

/** The pin of a certificate. */
export const pinOf = (certificate: X509Certificate): string => {
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' });
  return `sha256/${createHash('sha256').update(spki).digest('base64')}`;
};

export interface TlsPeerOptions {
  readonly pins?: readonly string[];
  /** Authorities in PEM, in place of those of the system. */
  readonly ca?: Buffer | string;
  /** What this node shows of itself, where the other side asks for it. */
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

type Connect = buildConnector.BuildOptions;

/**
 * How undici connects to other nodes: `new Agent({ connect: peerConnect({ pins }) })`.
 * @throws PluvioError `INVALID_ARGUMENT` for a text that is no pin
 */
export function peerConnect({ pins = [], ...rest }: TlsPeerOptions): Connect {
  const strange = pins.find((pin) => !PIN.test(pin));
  if (strange !== undefined) {
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `"${strange.slice(0, 80)}" is no pin; it must be sha256/ and a hash in base64`,
    );
  }
  return {
    ...rest,
    minVersion: MIN_VERSION,
    rejectUnauthorized: true,
    // Sessions that are resumed show no certificate, so that a pin could not be looked at.
    maxCachedSessions: 0,
    checkServerIdentity: (host: string, certificate: PeerCertificate) =>
      checkServerIdentity(host, certificate) ?? checkPin(host, certificate, pins),
  };
}

/** An agent for other nodes with these rules. */
export const peerAgent = (options: TlsPeerOptions, rest: Omit<Agent.Options, 'connect'> = {}): Agent =>
  new Agent({ ...rest, connect: peerConnect(options) });

function checkPin(host: string, { raw }: PeerCertificate, pins: readonly string[]): Error | undefined {
  if (pins.length === 0) return undefined;
  const found = pinOf(new X509Certificate(raw));
  if (pins.includes(found)) return undefined;
  return new PluvioError('NODE_UNTRUSTED', `${host} shows the key ${found}, which is not pinned`, { host, found });
}
