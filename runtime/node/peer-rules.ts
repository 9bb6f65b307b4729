/** How a node speaks to other nodes: which keys they may show, and who vouches for what goes over. */
import { Agent, type buildConnector, fetch as undiciFetch } from 'undici/index.js';
import type { BundleSignature, TrustPolicy } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import { createToken } from './security/capability-tokens.ts';
import type { MoveSeal } from './security/move-seal.ts';
import type { NodeIdentity } from './security/node-identity.ts';

export interface PeerRules {
  /** As undici connects. */
  readonly connect: buildConnector.BuildOptions;
  /** Whether the keys that other nodes may show are listed: then nothing goes to one without TLS. */
  readonly pinned: boolean;
  /** Signs the manifest of a bundle that leaves. */
  readonly sign: (manifestBytes: Uint8Array) => Promise<BundleSignature>;
  /** What the manifest of a bundle must be signed with that comes. */
  readonly trust: TrustPolicy;
  /** When moves are sealed, and to which keys. */
  readonly seal: MoveSeal;
}

/** @throws PluvioError `NODE_UNTRUSTED` the address is one without TLS, and keys are pinned */
export function checkTarget({ pinned }: Pick<PeerRules, 'pinned'>, url: string): void {
  if (!pinned || url.startsWith('https:')) return;
  const message = `${url} is not an https address; this node has pinned the keys of other nodes`;
  throw new PluvioError('NODE_UNTRUSTED', message, { target: url });
}

const TOKEN_LIFETIME_S = 60;

/**
 * A token to write to one worker on another node, signed by this one: a node that lists this node's key among its issuers takes it. It is good
 * for nothing else, so that whoever is sent it gains nothing.
 */
export const messageToken = (identity: NodeIdentity, worker: string, nowMs: number): Promise<string> =>
  createToken(identity.signingKey, {
    subject: `node:${identity.shown.keyId}`,
    verbs: ['call'],
    workers: [worker],
    lifetimeS: TOKEN_LIFETIME_S,
    final: true,
    nowMs,
  });

export interface PeerFetch {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  close(): Promise<void>;
}

/** `fetch` for other nodes; where keys are pinned it follows nobody elsewhere. */
export function openPeerFetch({ connect, pinned }: Pick<PeerRules, 'connect' | 'pinned'>): PeerFetch {
  const dispatcher = new Agent({ connect });
  const send = undiciFetch as unknown as (url: string, init: object) => Promise<Response>; // the same interface
  return {
    fetch: async (url, init) => {
      checkTarget({ pinned }, url);
      return send(url, { ...init, dispatcher, ...(pinned ? { redirect: 'error' } : {}) });
    },
    close: () => dispatcher.destroy(),
  };
}
