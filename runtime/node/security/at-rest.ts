/**
 * Blobs encrypted at rest: AES-256-GCM under keys of a key file.
 *
 *     magic 4 | version 1 | key id 8 | salt 32 | ciphertext | tag 16
 *
 * Each blob has a key of its own, HKDF-SHA256 of the file's key and the salt, so that the number of blobs under one key is not bounded by
 * its nonce. The header and the blob's digest are authenticated: one blob does not pass for another.
 *
 * Invariant: the first key of the file encrypts, every key decrypts. A key is retired by putting a new one before it, and removed when
 * no blob names it.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import { PluvioError } from '../../errors/index.ts';
import { checkValue, type Schema } from '../schema-check.ts';
import { readOwnerOnly } from './ed25519-keys.ts';

const MAGIC = Buffer.from('PLVR');
const VERSION = 1;
const KEY_ID_BYTES = 8;
const SALT_BYTES = 32;
const TAG_BYTES = 16;
const KEY_BYTES = 32;
const HEADER_BYTES = MAGIC.length + 1 + KEY_ID_BYTES + SALT_BYTES;
/** A key is used for one message, so its nonce need not change. */
const NONCE = Buffer.alloc(12);
export const AT_REST_KEYS_MAX = 64;
const KEY_FILE_MAX_BYTES = 16_384;

/** `{"keys": ["<32 bytes, base64url>", …]}`, the one that encrypts first. */
const KEY_FILE: Schema = {
  type: 'object',
  properties: {
    keys: { type: 'array', items: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' }, maxItems: AT_REST_KEYS_MAX },
  },
  required: ['keys'],
};

/** What is stored, in its form on disk; the text says what it is. */
export interface AtRestSeal {
  encrypt(plain: Uint8Array, what: string): Uint8Array;
  /** @throws PluvioError `SEAL_BROKEN`, `KEY_UNKNOWN` */
  decrypt(stored: Uint8Array, what: string): Uint8Array;
}

interface Key {
  readonly id: Buffer;
  readonly key: Buffer;
}

export class AtRestKeys implements AtRestSeal {
  readonly #current: Key;
  readonly #byId: ReadonlyMap<string, Key>;

  /** Keys of 32 bytes. @throws PluvioError `KEY_INVALID` */
  constructor(keys: readonly Uint8Array[]) {
    if (keys.length > AT_REST_KEYS_MAX || keys.some(({ length }) => length !== KEY_BYTES)) {
      throw new PluvioError('KEY_INVALID', `at most ${AT_REST_KEYS_MAX} keys of ${KEY_BYTES} bytes can be given`);
    }
    const named = keys.map((key) => ({ id: idOf(key), key: Buffer.from(key) }));
    const [current] = named;
    if (current === undefined) throw new PluvioError('KEY_INVALID', 'a key file has at least one key');
    this.#current = current;
    this.#byId = new Map(named.map((key) => [key.id.toString('hex'), key]));
  }

  /** The blob as it is stored. */
  encrypt(plain: Uint8Array, digest: string): Buffer {
    const header = Buffer.concat([MAGIC, Buffer.from([VERSION]), this.#current.id, randomBytes(SALT_BYTES)]);
    const cipher = createCipheriv('aes-256-gcm', blobKey(this.#current, header), NONCE, { authTagLength: TAG_BYTES });
    cipher.setAAD(aadOf(header, digest));
    const sealed = [cipher.update(plain), cipher.final()];
    return Buffer.concat([header, ...sealed, cipher.getAuthTag()]);
  }

  /**
   * The blob as it was; bytes that were stored without encryption are given as they are: their digest tells whether they are right.
   * @throws PluvioError `SEAL_BROKEN`, `KEY_UNKNOWN`
   */
  decrypt(stored: Uint8Array, digest: string): Uint8Array {
    if (!isEncrypted(stored)) return stored;
    const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
    if (bytes.length < HEADER_BYTES + TAG_BYTES) throw broken(digest, 'is cut short');
    if (bytes[MAGIC.length] !== VERSION) throw broken(digest, `has version ${bytes[MAGIC.length]}`);
    const header = bytes.subarray(0, HEADER_BYTES);
    const id = header.subarray(MAGIC.length + 1, MAGIC.length + 1 + KEY_ID_BYTES).toString('hex');
    const key = this.#byId.get(id);
    if (!key)
      throw new PluvioError('KEY_UNKNOWN', `blob ${digest} is encrypted with key ${id}, which is not given`, {
        key: id,
      });
    const decipher = createDecipheriv('aes-256-gcm', blobKey(key, header), NONCE, { authTagLength: TAG_BYTES });
    decipher.setAAD(aadOf(header, digest));
    decipher.setAuthTag(bytes.subarray(bytes.length - TAG_BYTES));
    const plain = decipher.update(bytes.subarray(HEADER_BYTES, bytes.length - TAG_BYTES));
    try {
      decipher.final();
    } catch (cause) {
      throw broken(digest, 'was altered or is another one', cause);
    }
    return plain;
  }
}

/** Whether stored bytes begin as an encrypted blob does. */
export const isEncrypted = (stored: Uint8Array): boolean =>
  stored.length >= MAGIC.length && MAGIC.equals(stored.subarray(0, MAGIC.length));

/**
 * Reads a key file that only its owner may read.
 * @throws PluvioError `KEY_INVALID`, `FILE_FAILED`
 */
export async function readAtRestKeys(path: string): Promise<AtRestKeys> {
  const bytes = await readOwnerOnly(path, KEY_FILE_MAX_BYTES);
  try {
    const file: unknown = JSON.parse(bytes.toString('utf8'));
    checkValue(KEY_FILE, file, 'file');
    const { keys } = file as { keys: readonly string[] }; // checked by the schema
    return new AtRestKeys(keys.map((key) => Buffer.from(key, 'base64url')));
  } catch (cause) {
    if (cause instanceof PluvioError && cause.code === 'KEY_INVALID') throw cause;
    // What the parser or the schema found is not told: it could show a key.
    throw new PluvioError('KEY_INVALID', `${path} must be {"keys": [32 bytes in base64url, …]}`, { path });
  }
}

const idOf = (key: Uint8Array): Buffer =>
  createHash('sha256').update('pluvio at rest').update(key).digest().subarray(0, KEY_ID_BYTES);

const blobKey = ({ key }: Key, header: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', key, header.subarray(HEADER_BYTES - SALT_BYTES), 'pluvio at rest', KEY_BYTES));

const aadOf = (header: Buffer, digest: string): Buffer => Buffer.concat([header, Buffer.from(digest, 'utf8')]);

const broken = (digest: string, what: string, cause?: unknown): PluvioError =>
  new PluvioError('SEAL_BROKEN', `encrypted blob ${digest} ${what}`, { digest }, cause === undefined ? {} : { cause });
