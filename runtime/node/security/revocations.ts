/**
 * Tokens that count no more: single ones by `jti`, and all that an issuer signed before a moment.
 *
 * The list is a file of JSON lines in the data directory, only ever added to; the node looks at most ten times a second
 * whether it has changed, so that `pluvio token revoke` works while it runs and while it does not.
 *
 * Invariants:
 * 1. When `revoke` has resolved, the line survives a crash; a torn last line counts as not written.
 * 2. A line that cannot be read stops the node from taking any capability token: what it revoked is not known.
 */
import { readFileSync, statSync } from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PluvioError } from '../../errors/index.ts';
import { checkValue, type Schema } from '../schema-check.ts';
import { TOKEN_LIMITS } from './token-claims.ts';

export const REVOCATIONS_FILE = 'revoked.jsonl';
export const REVOCATIONS_MAX = 100_000;

/** One token, or all of an issuer that were signed before a second since 1970. */
export type Revocation =
  | { readonly jti: string; readonly atS: number }
  | { readonly issuer: string; readonly beforeS: number; readonly atS: number };

/** What is revoked, without the time at which it was. */
export type Revoked = { readonly jti: string } | { readonly issuer: string; readonly beforeS: number };

const SECONDS: Schema = { type: 'integer', minimum: 0 };
const LINE: Schema = {
  anyOf: [
    {
      type: 'object',
      properties: { jti: { type: 'string', pattern: '^[A-Za-z0-9_-]{16,64}$' }, atS: SECONDS },
      required: ['jti', 'atS'],
    },
    {
      type: 'object',
      properties: { issuer: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$' }, beforeS: SECONDS, atS: SECONDS },
      required: ['issuer', 'beforeS', 'atS'],
    },
  ],
};

/** So long after it was revoked a token has expired by itself. */
const FORGET_AFTER_S = TOKEN_LIMITS.lifetimeS.value + 2 * TOKEN_LIMITS.skewS.value;

function readLine(text: string, path: string, line: number): Revocation {
  try {
    const entry: unknown = JSON.parse(text);
    checkValue(LINE, entry, 'entry');
    return entry as Revocation; // checked by the schema
  } catch (cause) {
    throw new PluvioError(
      'STORE_FAILED',
      `${path}:${line} is no revocation: ${(cause as Error).message}`,
      { path },
      { cause },
    );
  }
}

function readLines(text: string, path: string): Revocation[] {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole.split('\n').flatMap((line, index) => (line === '' ? [] : [readLine(line, path, index + 1)]));
}

/** So long a node goes by what it read before. */
export const REVOCATIONS_RECHECK_MS = 100;

/** What was revoked, as a node looks at it. */
export class Revocations {
  readonly #path: string | undefined;
  readonly #recheckMs: number;
  #checkedMs = -Infinity;
  #stamp = '';
  #jtis = new Set<string>();
  #issuers = new Map<string, number>();

  /** Without a path nothing is revoked but what this object is told. */
  constructor(path: string | undefined, recheckMs: number = REVOCATIONS_RECHECK_MS) {
    this.#path = path;
    this.#recheckMs = recheckMs;
  }

  /**
   * Whether one of these was revoked.
   * @throws PluvioError `STORE_FAILED`
   */
  hasAny(tokens: readonly { readonly jti: string; readonly iss: string; readonly iat: number }[]): boolean {
    this.#refresh();
    return tokens.some(({ jti, iss, iat }) => this.#jtis.has(jti) || iat < (this.#issuers.get(iss) ?? 0));
  }

  /** Counts at once; with a path until the list is read anew. */
  add(entry: Revocation): void {
    if ('jti' in entry) this.#jtis.add(entry.jti);
    else this.#issuers.set(entry.issuer, Math.max(entry.beforeS, this.#issuers.get(entry.issuer) ?? 0));
  }

  #refresh(): void {
    const nowMs = performance.now();
    if (this.#path === undefined || nowMs - this.#checkedMs < this.#recheckMs) return;
    const stats = statSync(this.#path, { throwIfNoEntry: false });
    const stamp = stats === undefined ? '' : `${stats.ino}:${stats.size}:${stats.mtimeMs}`;
    if (stamp === this.#stamp) {
      this.#checkedMs = nowMs;
      return;
    }
    const entries = stats === undefined ? [] : readLines(readFileSync(this.#path, 'utf8'), this.#path);
    this.#jtis = new Set();
    this.#issuers = new Map();
    for (const entry of entries) this.add(entry);
    this.#stamp = stamp;
    this.#checkedMs = nowMs;
  }
}

/**
 * Adds to the list of a data directory. Entries whose tokens have expired go when the list is written anew.
 * @throws PluvioError `STORE_FAILED`, `LIMIT_OUT_OF_RANGE` when the list is full
 */
export async function revoke(path: string, entry: Revocation): Promise<void> {
  checkValue(LINE, entry, 'entry');
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.part`;
  const file = await openAlone(temporary);
  try {
    const before = readLines(await readFile(path, 'utf8').catch(emptyIfAbsent), path);
    const kept = before.filter(({ atS }) => atS > entry.atS - FORGET_AFTER_S);
    if (kept.length >= REVOCATIONS_MAX) {
      throw new PluvioError(
        'LIMIT_OUT_OF_RANGE',
        `${path} has ${kept.length} entries; revoke all tokens of an issuer before a moment instead`,
      );
    }
    await file.writeFile([...kept, entry].map((line) => `${JSON.stringify(line)}\n`).join(''));
    await file.sync();
    await file.close();
    await rename(temporary, path);
  } catch (error) {
    await file.close();
    await rm(temporary, { force: true });
    throw error;
  }
}

/** So old a file of another writer was left by a crash. */
const STALE_MS = 30_000;

/** The file that the list is written to keeps a second writer off. */
async function openAlone(path: string): Promise<FileHandle> {
  const ageMs = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (ageMs > STALE_MS) await rm(path, { force: true });
  try {
    return await open(path, 'wx', 0o600);
  } catch (cause) {
    const message = `cannot write ${path}: ${(cause as Error).message}; if nothing else revokes tokens now, remove it`;
    throw new PluvioError('STORE_FAILED', message, { path }, { cause });
  }
}

function emptyIfAbsent(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return '';
  throw new PluvioError('STORE_FAILED', `cannot read the revocations: ${error.message}`, {}, { cause: error });
}
