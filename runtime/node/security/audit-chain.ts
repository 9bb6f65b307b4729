/**
 * The lines of an audit log, and the chain through them.
 *
 * A line is a JSON object; its last field, `chain`, is the SHA-256 of the chain of the line before and of the line itself without that
 * field. Kinds of lines:
 *
 *     {"audit":1,"seq":…,"time":…,"key":…,"before":…}    the first of a file: the node's key id, the chain of the file before
 *     {"seq":…,"time":…,"subject":…,…}                   a right that was used
 *     {"seal":…,"seq":…,"time":…,"publicKey":…}          the node's Ed25519 signature over the chain of the line before
 *
 * Whoever alters, drops or moves a line breaks the chain from there on; whoever computes it anew lacks the key for the seals that follow.
 */
import { createHash, sign, verify } from 'node:crypto';
import { publicKeyObject, type SigningKey } from './ed25519-keys.ts';

const FIELD = ',"chain":"';
const LINE = /^(\{.*),"chain":"([A-Za-z0-9_-]{43})"\}$/;
export const NO_CHAIN = 'A'.repeat(43);
const SEAL_CONTEXT = 'pluvio audit log\n';

export type AuditValue = string | number | boolean | null;
export type AuditFields = Readonly<Record<string, AuditValue>>;

const hashOf = (chain: string, body: string): string =>
  createHash('sha256').update(chain).update('\n').update(body).digest('base64url');

/** A line, and the chain that the next one goes on with. */
export function encodeLine(fields: AuditFields, chain: string): { readonly text: string; readonly chain: string } {
  const body = JSON.stringify(fields);
  const next = hashOf(chain, body);
  return { text: `${body.slice(0, -1)}${FIELD}${next}"}\n`, chain: next };
}

export const sealOf = (chain: string, { privateKey }: SigningKey): string =>
  sign(null, Buffer.from(SEAL_CONTEXT + chain), privateKey).toString('base64url');

/** What a line says, and its chain; undefined: it is none. */
export function decodeLine(
  line: string,
): { readonly fields: AuditFields; readonly body: string; readonly chain: string } | undefined {
  const match = LINE.exec(line);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const body = `${match[1]}}`;
  try {
    const fields: unknown = JSON.parse(body);
    return { fields: fields as AuditFields, body, chain: match[2] }; // an object, by the braces; values are only shown
  } catch {
    return undefined;
  }
}

export interface AuditVerdict {
  readonly lines: number;
  readonly seals: number;
  /** Lines after the last seal: only their chain speaks for them. */
  readonly unsealed: number;
  readonly chain: string;
  readonly fault?: { readonly line: number; readonly problem: string };
}

export interface VerifyOptions {
  /** The chain that the first line must go on from; undefined: what the first line says. */
  readonly before?: string | undefined;
  /** The node's public key (base64url); undefined: seals of any one key count. */
  readonly publicKey?: string | undefined;
}

/** Follows the chain through the lines of one file. */
export class AuditVerifier {
  readonly #options: VerifyOptions;
  #lines = 0;
  #seals = 0;
  #unsealed = 0;
  #seq = 0;
  #chain = NO_CHAIN;
  #key: string | undefined;
  #fault: AuditVerdict['fault'];

  constructor(options: VerifyOptions = {}) {
    this.#options = options;
    this.#key = options.publicKey;
  }

  take(line: string): void {
    if (this.#fault) return;
    this.#lines++;
    const problem = this.#problemOf(line);
    if (problem !== undefined) this.#fault = { line: this.#lines, problem };
  }

  get verdict(): AuditVerdict {
    const counts = { lines: this.#lines, seals: this.#seals, unsealed: this.#unsealed, chain: this.#chain };
    return this.#fault ? { ...counts, fault: this.#fault } : counts;
  }

  #problemOf(line: string): string | undefined {
    const decoded = decodeLine(line);
    if (!decoded) return 'is no line of an audit log';
    const { fields, body, chain } = decoded;
    if (this.#lines === 1) {
      const before = fields['before'];
      if (fields['audit'] !== 1 || typeof before !== 'string') return 'does not begin a file';
      if (this.#options.before !== undefined && this.#options.before !== before)
        return 'does not go on from the file before';
      this.#chain = before;
      this.#seq = Number(fields['seq']);
    } else if (fields['seq'] !== ++this.#seq) return `has number ${String(fields['seq'])}; it must be ${this.#seq}`;
    if (hashOf(this.#chain, body) !== chain) return 'was altered, or a line before it was';
    if ('seal' in fields) {
      const problem = this.#sealProblem(fields);
      if (problem !== undefined) return problem;
      this.#seals++;
      this.#unsealed = 0;
    } else this.#unsealed++;
    this.#chain = chain;
    return undefined;
  }

  #sealProblem({ seal, publicKey }: AuditFields): string | undefined {
    if (typeof seal !== 'string' || typeof publicKey !== 'string') return 'is no seal';
    this.#key ??= publicKey;
    if (publicKey !== this.#key) return 'is sealed with another key';
    try {
      const data = Buffer.from(SEAL_CONTEXT + this.#chain);
      return verify(null, data, publicKeyObject(publicKey), Buffer.from(seal, 'base64url'))
        ? undefined
        : 'has a false seal';
    } catch {
      return 'is sealed with what is no key';
    }
  }
}
