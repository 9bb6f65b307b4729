/**
 * Byte streams sealed to one receiver: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
 *
 *     magic 4 | version 1 | receiver's key id 32 | encapsulated key 32 | chunk* | last chunk
 *     chunk: length of the ciphertext 4, big-endian, its highest bit set in the last one | ciphertext
 *
 * The context of HPKE counts chunks, so that none can be left out, doubled or moved; whether a chunk is the last one is authenticated
 * with it. The header and a text that both sides know (`context`: what is sealed and why) are HPKE's `info`.
 *
 * Boundary: says nothing of who sealed: bundles are signed. Plain bytes are given out chunk by chunk, each authenticated; that the stream
 * is whole is only known when the iteration has ended without an error.
 */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256, HpkeError } from '@hpke/core';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { PluvioError } from '../../errors/index.ts';

const MAGIC = Buffer.from('PLVS');
const VERSION = 1;
const KEY_BYTES = 32;
const HEADER_BYTES = MAGIC.length + 1 + 2 * KEY_BYTES;
const TAG_BYTES = 16;
const LAST_BIT = 0x8000_0000;
/** Plain bytes of every chunk but the last. */
export const SEAL_CHUNK_BYTES = 65_536;

const suite = new CipherSuite({
  kem: new DhkemX25519HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes256Gcm(),
});

/** What every sealed stream begins with. */
export const SEALED_HEAD_BYTES = MAGIC.length + 1 + KEY_BYTES;

/** The id of the key that a stream is sealed to, hex, from its first bytes; undefined: it is no sealed stream. */
export function sealedTo(head: Uint8Array): string | undefined {
  const bytes = Buffer.from(head);
  if (bytes.length < SEALED_HEAD_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC)) return undefined;
  return bytes.toString('hex', MAGIC.length + 1, SEALED_HEAD_BYTES);
}

/** SHA-256 of a public key, hex: names the key in what is sealed to it. */
export const sealingKeyId = (publicKey: Uint8Array): string => idOf(publicKey).toString('hex');

/** The receiver's half of a sealing key. */
export interface SealingKey {
  readonly privateKey: KeyObject;
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
}

export function sealingKeyOf(privateKey: KeyObject): SealingKey {
  if (privateKey.asymmetricKeyType !== 'x25519') {
    throw new PluvioError('KEY_INVALID', `the sealing key is ${privateKey.asymmetricKeyType}; it must be X25519`);
  }
  const { x = '' } = createPublicKey(privateKey).export({ format: 'jwk' });
  return { privateKey, publicKey: new Uint8Array(Buffer.from(x, 'base64url')) };
}

export const generateSealingKey = (): SealingKey => sealingKeyOf(generateKeyPairSync('x25519').privateKey);

const broken = (what: string, cause?: unknown): PluvioError =>
  new PluvioError('SEAL_BROKEN', `the sealed stream ${what}`, {}, cause === undefined ? {} : { cause });

const idOf = (publicKey: Uint8Array): Buffer => createHash('sha256').update(publicKey).digest();

const infoOf = (header: Uint8Array, context: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.concat([header, Buffer.from(context, 'utf8')]));

/** What is authenticated with a chunk besides its place. */
const aadOf = (isLast: boolean): Uint8Array<ArrayBuffer> => new Uint8Array([isLast ? 1 : 0]);

/** HPKE wants bytes that no other thread can change. */
const owned = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(bytes);

/**
 * Seals a stream to a receiver's public key.
 * @param context what both sides know of it, such as the id of a move
 * @throws PluvioError `KEY_INVALID`
 */
export async function* sealStream(
  plain: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  publicKey: Uint8Array,
  context: string,
): AsyncGenerator<Uint8Array> {
  // The encapsulated key is part of what is authenticated by HPKE itself; `info` has what stands before it.
  const start = Buffer.concat([MAGIC, Buffer.from([VERSION]), idOf(publicKey)]);
  let sender: Awaited<ReturnType<typeof suite.createSenderContext>>;
  try {
    const recipientPublicKey = await suite.kem.importKey('raw', owned(publicKey).buffer, true);
    sender = await suite.createSenderContext({ recipientPublicKey, info: infoOf(start, context) });
  } catch (cause) {
    throw new PluvioError('KEY_INVALID', 'cannot seal to this key: it must be an X25519 public key', {}, { cause });
  }
  yield Buffer.concat([start, new Uint8Array(sender.enc)]);
  const seal = async (chunk: Uint8Array, isLast: boolean): Promise<Uint8Array> => {
    const sealed = new Uint8Array(await sender.seal(owned(chunk), aadOf(isLast)));
    const length = Buffer.alloc(4);
    length.writeUInt32BE((sealed.length | (isLast ? LAST_BIT : 0)) >>> 0);
    return Buffer.concat([length, sealed]);
  };
  let pending: Uint8Array = new Uint8Array(0);
  for await (const piece of plain) {
    let rest = pending.length === 0 ? piece : Buffer.concat([pending, piece]);
    for (; rest.length > SEAL_CHUNK_BYTES; rest = rest.subarray(SEAL_CHUNK_BYTES)) {
      yield await seal(rest.subarray(0, SEAL_CHUNK_BYTES), false);
    }
    pending = owned(rest);
  }
  yield await seal(pending, true);
}

/**
 * Opens a sealed stream.
 * @throws PluvioError `KEY_UNKNOWN` it is sealed to another key; `SEAL_BROKEN`
 */
export async function* openStream(
  sealed: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  key: SealingKey,
  context: string,
): AsyncGenerator<Uint8Array> {
  const reader = new PieceReader(sealed);
  try {
    yield* openPieces(reader, key, context);
  } finally {
    await reader.close();
  }
}

async function* openPieces(reader: PieceReader, key: SealingKey, context: string): AsyncGenerator<Uint8Array> {
  const header = await reader.read(HEADER_BYTES);
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw broken('does not begin as one');
  if (header[MAGIC.length] !== VERSION)
    throw broken(`has version ${header[MAGIC.length]}; this program reads ${VERSION}`);
  const start = header.subarray(0, HEADER_BYTES - KEY_BYTES);
  if (!start.subarray(MAGIC.length + 1).equals(idOf(key.publicKey))) {
    throw new PluvioError('KEY_UNKNOWN', 'the stream is sealed to another key than that of this receiver');
  }
  const enc = owned(header.subarray(HEADER_BYTES - KEY_BYTES)).buffer;
  const recipient = await recipientOf(key, enc, infoOf(start, context));
  for (let isLast = false; !isLast;) {
    const word = (await reader.read(4)).readUInt32BE();
    isLast = (word & LAST_BIT) !== 0;
    const length = (word & ~LAST_BIT) >>> 0;
    if (length < TAG_BYTES || length > SEAL_CHUNK_BYTES + TAG_BYTES) throw broken(`has a chunk of ${length} bytes`);
    const chunk = await reader.read(length);
    const bytes = await recipient.open(owned(chunk), aadOf(isLast)).catch((cause: unknown) => {
      throw broken('was altered, or was sealed for something else', cause);
    });
    yield new Uint8Array(bytes);
  }
  if (!(await reader.isAtEnd())) throw broken('goes on after its end');
}

type Recipient = Awaited<ReturnType<typeof suite.createRecipientContext>>;

async function recipientOf(key: SealingKey, enc: ArrayBuffer, info: Uint8Array<ArrayBuffer>): Promise<Recipient> {
  try {
    const { kty = '', crv = '', x = '', d = '' } = key.privateKey.export({ format: 'jwk' });
    const recipientKey = await suite.kem.importKey('jwk', { kty, crv, x, d, key_ops: ['deriveBits'] }, false);
    return await suite.createRecipientContext({ recipientKey, enc, info });
  } catch (cause) {
    if (cause instanceof HpkeError) throw broken('has no valid encapsulated key', cause);
    throw cause;
  }
}

/** Whole pieces out of a stream that is cut anywhere. */
class PieceReader {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** @throws PluvioError `SEAL_BROKEN` */
  async read(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = [];
    let missing = length;
    while (missing > 0) {
      if (this.#rest.length === 0 && !(await this.#more())) throw broken('was cut short');
      const part = this.#rest.subarray(0, missing);
      parts.push(part);
      this.#rest = this.#rest.subarray(part.length);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && !(await this.#more());
  }

  /** Lets the source go, read to its end or not. */
  async close(): Promise<void> {
    await this.#source.return?.();
  }

  /** Whether there are more bytes. */
  async #more(): Promise<boolean> {
    for (;;) {
      const next = await this.#source.next();
      if (next.done === true) return false;
      this.#rest = next.value;
      if (this.#rest.length > 0) return true;
    }
  }
}
