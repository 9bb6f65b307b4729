/**
 * When what a move sends is sealed to its target, and to which key.
 *
 * Invariants:
 * 1. A key is sealed to only if the identity that the target shows vouches for it, and `trust.peers`, where it lists any, has that identity.
 * 2. With `required` nothing leaves as it is, and nothing is taken as it is.
 * 3. A stream is bound to its move and to its place among the streams of that move.
 */
import { PluvioError } from '../../errors/index.ts';
import { openStream, type SealingKey, sealStream } from './sealing.ts';
import { type ShownSealingKey, trustedSealingKey } from './sealing-key.ts';

/** `offered`: sealed where the target shows a key, unless TLS with pinned keys hides it already. */
export const SEAL_POLICIES = ['never', 'offered', 'required'] as const;
export type SealPolicy = (typeof SEAL_POLICIES)[number];

/** What the target of a move shows to its source. */
export interface OfferedSeal extends ShownSealingKey {
  /** Ed25519 public key of the node that vouches for it, base64url. */
  readonly identity: string;
  /** Whether it takes nothing that is not sealed. */
  readonly required: boolean;
}

export interface MoveSealOptions {
  readonly policy: SealPolicy;
  readonly key: SealingKey;
  readonly shown: ShownSealingKey;
  readonly identity: string;
  /** Identities that are trusted; empty: any. */
  readonly peers: readonly string[];
  /** Whether other nodes are reached over TLS with pinned keys only. */
  readonly pinned: boolean;
}

/** What a sealed `.drop` file is sealed for. */
const BUNDLE = 'pluvio bundle';
const contextOf = (move: string, stream: number): string => `pluvio move ${move} ${stream}`;

/** Seals a `.drop` file to a node. @throws PluvioError `KEY_INVALID` */
export const sealBundle = (
  drop: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  publicKey: Uint8Array,
): AsyncGenerator<Uint8Array> => sealStream(drop, publicKey, BUNDLE);

/** Seals a stream of a move to its target. @throws PluvioError `KEY_INVALID` */
export const sealMove = (
  plain: AsyncIterable<Uint8Array>,
  publicKey: Uint8Array,
  move: string,
  stream: number,
): AsyncGenerator<Uint8Array> => sealStream(plain, publicKey, contextOf(move, stream));

export class MoveSeal {
  readonly #options: MoveSealOptions;

  /** @throws PluvioError `INVALID_ARGUMENT` */
  constructor(options: MoveSealOptions) {
    this.#options = options;
    if (options.policy !== 'required' || options.peers.length > 0) return;
    throw new PluvioError(
      'INVALID_ARGUMENT',
      'moves.seal is "required" and trust.peers is empty; it must list the nodes whose keys are sealed to',
    );
  }

  /** What this node shows to the source of a move; undefined: nothing. */
  get offered(): OfferedSeal | undefined {
    const { policy, shown, identity } = this.#options;
    return policy === 'never' ? undefined : { ...shown, identity, required: policy === 'required' };
  }

  /** Of what came as it is. @throws PluvioError `SEAL_REQUIRED` */
  checkPlain(): void {
    if (this.#options.policy !== 'required') return;
    throw new PluvioError('SEAL_REQUIRED', 'these blobs are not sealed; this node takes those of sealed moves only');
  }

  /**
   * The key that a move to this target is sealed to; undefined: it goes as it is.
   * @throws PluvioError `SEAL_REQUIRED`, `NODE_UNTRUSTED`, `KEY_INVALID`
   */
  keyFor(target: string, offered: OfferedSeal | undefined): Uint8Array | undefined {
    const { policy, peers, pinned } = this.#options;
    if (policy === 'never') {
      if (offered?.required !== true) return undefined;
      throw new PluvioError('SEAL_REQUIRED', `${target} takes sealed moves only; moves.seal of this node is "never"`);
    }
    if (offered === undefined) {
      if (policy === 'offered') return undefined;
      throw new PluvioError('SEAL_REQUIRED', `${target} shows no sealing key; this node sends sealed moves only`);
    }
    if (policy === 'offered' && pinned && !offered.required) return undefined;
    if (peers.length > 0 && !peers.includes(offered.identity)) {
      const message = `${target} shows the sealing key of the node ${offered.identity}, which is not among trust.peers`;
      throw new PluvioError('NODE_UNTRUSTED', message, { target });
    }
    return trustedSealingKey(offered, offered.identity);
  }

  /** What a stream of a move holds. @throws PluvioError `KEY_UNKNOWN`, `SEAL_BROKEN`, while it is read */
  openMove(sealed: AsyncIterable<Uint8Array>, move: string, stream: number): AsyncGenerator<Uint8Array> {
    return openStream(sealed, this.#options.key, contextOf(move, stream));
  }

  /** The `.drop` file that was sealed to this node. @throws PluvioError `KEY_UNKNOWN`, `SEAL_BROKEN`, while it is read */
  openBundle(sealed: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    return openStream(sealed, this.#options.key, BUNDLE);
  }
}
