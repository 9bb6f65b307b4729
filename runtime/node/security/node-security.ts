/** Everything that decides on rights at one node, opened together from its settings. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import type { TrustPolicy } from '../../bundle/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { AccessPolicy, type ListenAddress, type TokenGrant } from '../access.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import type { RequestEnded } from '../operation-run.ts';
import { type AtRestKeys, readAtRestKeys } from './at-rest.ts';
import { parsePublicKey } from './ed25519-keys.ts';
import type { SealingKey } from './sealing.ts';
import { openSealingKey } from './sealing-key.ts';
import { AuditLog } from './audit-log.ts';
import type { GrantTable } from './grants.ts';
import { type NodeIdentity, openNodeIdentity } from './node-identity.ts';
import { type Revoked, Revocations, REVOCATIONS_FILE, revoke } from './revocations.ts';
import { Secrets } from './secrets-file.ts';
import { peerConnect, readTlsServer, type TlsFiles, type TlsServerOptions } from './tls.ts';
import { type TokenIssuer, TokenVerifier } from './token-verifier.ts';
import { type Publisher, PublisherPolicy } from './trust.ts';

export interface SecuritySettings {
  readonly tokens: readonly TokenGrant[];
  readonly origins: readonly string[];
  readonly issuers: readonly TokenIssuer[];
  readonly publishers: readonly Publisher[];
  readonly signatureRequired: boolean;
  /** Public keys of the nodes whose workers are taken; empty: of every node with a token for it. */
  readonly peers: readonly string[];
  readonly grants: GrantTable;
  readonly tls: TlsFiles & { readonly peerCa?: string | undefined; readonly pins: readonly string[] };
  readonly audit: { readonly file: string; readonly fileBytes: number; readonly files: number } | undefined;
  readonly encryptionKeyFile: string | undefined;
  readonly secretsFile: string | undefined;
}

export interface SecurityPlace {
  readonly listen: ListenAddress;
  readonly dataDir: string | undefined;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The tenant of a worker; see `AccessOptions`. */
  readonly tenantOf?: (worker: string) => string | undefined;
}

export interface NodeSecurity {
  readonly identity: NodeIdentity;
  readonly sealingKey: SealingKey;
  /** What the manifest of a bundle that comes by a move must be signed with. */
  readonly peerTrust: TrustPolicy;
  readonly access: AccessPolicy;
  readonly publishers: PublisherPolicy;
  readonly grants: GrantTable;
  readonly secrets: Secrets;
  /** Undefined: the node answers without TLS. */
  readonly tls: TlsServerOptions | undefined;
  /** How it connects to other nodes: undici's `connect`. */
  readonly peerConnect: ReturnType<typeof peerConnect>;
  /** Whether the keys that other nodes may show are listed. */
  readonly peersPinned: boolean;
  /** Undefined: blobs are stored as they are. */
  readonly atRest: AtRestKeys | undefined;
  readonly audit: AuditLog | undefined;
  /** Has tokens count no more from now on; in a data directory also after the node has ended. */
  readonly revoke: (what: Revoked) => Promise<void>;
  /** For `createRouter`: writes the audit log. */
  readonly onRequestEnd: (ended: RequestEnded) => void;
  close(): Promise<void>;
}

/**
 * Opens identity, policies, keys and the audit log.
 * @throws PluvioError `LISTEN_REFUSED`, `INVALID_ARGUMENT`, `KEY_INVALID`, `FILE_FAILED`, `STORE_FAILED`, `AUDIT_BROKEN`
 */
export async function openNodeSecurity(settings: SecuritySettings, place: SecurityPlace): Promise<NodeSecurity> {
  const { listen, dataDir, nodeName, clock, logger, tenantOf } = place;
  const { issuers, tls } = settings;
  const identity = await openNodeIdentity(dataDir);
  const revokedFile = dataDir === undefined ? undefined : join(dataDir, REVOCATIONS_FILE);
  const revocations = new Revocations(revokedFile);
  const capabilities = new TokenVerifier({
    issuers: [{ key: identity.shown.publicKey }, ...issuers],
    audience: [nodeName, identity.shown.keyId],
    revocations,
    now: () => clock.now(),
  });
  // Elsewhere than on loopback somebody must be able to have a token: a static one, an issuer's, or one of a key that stays.
  const hasTokens = settings.tokens.length > 0 || issuers.length > 0 || dataDir !== undefined;
  const access = new AccessPolicy(listen, settings.tokens, settings.origins, {
    ...(listen.loopback || hasTokens ? { capabilities } : {}),
    tokenRequired: issuers.length > 0,
    ...(tenantOf ? { tenantOf } : {}),
  });
  const publishers = new PublisherPolicy(settings.publishers, settings.signatureRequired);
  const server = await readTlsServer(tls);
  const ca = tls.peerCa === undefined ? undefined : await readAuthorities(tls.peerCa);
  const connect = peerConnect({ pins: tls.pins, ...(ca ? { ca } : {}), ...(server ? pickOwn(server) : {}) });
  const atRest =
    settings.encryptionKeyFile === undefined ? undefined : await readAtRestKeys(settings.encryptionKeyFile);
  const secrets = await Secrets.open(settings.secretsFile);
  const audit = settings.audit && (await AuditLog.open({ ...settings.audit, key: identity.signingKey, clock, logger }));
  return {
    identity,
    sealingKey: await openSealingKey(dataDir),
    peerTrust: settings.peers.length === 0 ? {} : { signatureRequired: true, keys: settings.peers.map(parsePublicKey) },
    access,
    publishers,
    grants: settings.grants,
    secrets,
    tls: server,
    peerConnect: connect,
    peersPinned: tls.pins.length > 0,
    atRest,
    audit,
    revoke: async (what) => {
      const entry = { ...what, atS: Math.floor(clock.now() / 1000) };
      if (revokedFile !== undefined) await revoke(revokedFile, entry);
      revocations.add(entry);
    },
    onRequestEnd: (ended) => audit?.record(entryOf(ended)),
    close: async () => audit?.close(),
  };
}

/** What a node shows of itself to others that ask for a client's certificate. */
const pickOwn = ({ cert, key }: TlsServerOptions): { cert: Buffer; key: Buffer } => ({ cert, key });

const entryOf = ({ identity, verb, operation, worker, code }: RequestEnded): Parameters<AuditLog['record']>[0] => ({
  subject: identity?.subject ?? null,
  tenant: identity?.tenant ?? null,
  verb,
  operation,
  worker: worker ?? null,
  code,
  requestId: nanoid(),
});

async function readAuthorities(path: string): Promise<Buffer> {
  return readFile(path).catch((cause: unknown) => {
    throw new PluvioError('FILE_FAILED', `cannot read authorities ${path}: ${String(cause)}`, { path }, { cause });
  });
}
