/**
 * Another node, as the source of a move sees it: outbound HTTP with a limit on time and on answers.
 *
 * Invariants:
 * 1. Only http(s) addresses without credentials; redirects are not followed, so a token never goes elsewhere.
 * 2. Certificates are verified and, where keys are pinned, compared with the pins before anything is sent.
 * 3. An answer of the other node becomes a PluvioError with that node's code; no answer becomes `NODE_UNREACHABLE`.
 */
import type { PrepareRequest } from './incoming-moves.ts';
import type { PeerRules } from './peer-rules.ts';
import { Readable } from 'node:stream';
import { Agent, request } from 'undici/index.js';
import { decodeError, PluvioError } from '../errors/index.ts';
import type { IncomingMove } from './api-types.ts';
import { MEDIA } from './media-types.ts';
import { checkValue } from './schema-check.ts';
import { OFFERED_SEAL } from './schemas.ts';
import type { OfferedSeal } from './security/move-seal.ts';

const MAX_ANSWER_BYTES = 1024 * 1024;

/**
 * Checks the address of another node and gives it without a trailing slash.
 * @throws PluvioError `INVALID_ARGUMENT`
 */
export function parseTarget(text: string): string {
  const url = URL.parse(text);
  const plain = url && !url.username && !url.password && !url.search && !url.hash;
  if (!plain || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `target "${text}" must be an http or https address without user, query or fragment`,
    );
  }
  return url.href.replace(/\/+$/, '');
}

export interface PeerOptions {
  readonly target: string;
  readonly token: string | undefined;
  readonly answerMs: number;
  readonly transferMs: number;
  /** W3C trace context that requests belong to. */
  readonly traceparent?: string | undefined;
  /** How it is connected to. */
  readonly connect: PeerRules['connect'];
  /** The program is ending: requests are given up. */
  readonly signal: AbortSignal;
}

interface PeerRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly json?: unknown;
  readonly stream?: AsyncIterable<Uint8Array>;
  /** Content type of the stream. */
  readonly type?: string;
}

/** One node that a move goes to. `close` it when the move is over. */
export class Peer {
  readonly #options: PeerOptions;
  readonly #agent: Agent;

  constructor(options: PeerOptions) {
    this.#options = options;
    this.#agent = new Agent({
      connectTimeout: options.answerMs,
      headersTimeout: options.answerMs,
      bodyTimeout: options.answerMs,
      pipelining: 1,
      connect: options.connect,
    });
  }

  get target(): string {
    return this.#options.target;
  }

  /** Announces the move; the target reserves the name, and shows what may be sealed to it. */
  async offer(body: { id: string; worker: string }): Promise<OfferedSeal | undefined> {
    const answer = await this.#ask({ method: 'POST', path: '/v1/moves', json: body });
    const { seal } = (answer ?? {}) as { seal?: unknown };
    if (seal === undefined) return undefined;
    try {
      checkValue(OFFERED_SEAL, seal, 'seal');
    } catch (error) {
      throw this.#strange(`a sealing key of another form: ${(error as Error).message}`); // checkValue throws PluvioError alone
    }
    return seal as OfferedSeal; // checked by the schema
  }

  /** Which of these blobs the target lacks. */
  async missing(digests: readonly string[]): Promise<ReadonlySet<string>> {
    const answer = await this.#ask({ method: 'POST', path: '/v1/blobs/missing', json: { digests } });
    const missing = (answer as { missing?: unknown }).missing;
    if (!Array.isArray(missing)) throw this.#strange('no list of missing blobs');
    return new Set(missing.filter((digest): digest is string => typeof digest === 'string'));
  }

  /** Sends framed blobs in one stream. */
  async sendBlobs(stream: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#ask({ method: 'POST', path: '/v1/blobs', stream });
  }

  /** Sends framed blobs that are sealed to the target. */
  async sendSealedBlobs(id: string, sealed: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#ask({ method: 'POST', path: `/v1/moves/${id}/blobs`, stream: sealed, type: MEDIA.sealed });
  }

  async warm(id: string, module: string): Promise<void> {
    await this.#ask({ method: 'POST', path: `/v1/moves/${id}/warm`, json: { module } });
  }

  async prepare(id: string, body: PrepareRequest): Promise<void> {
    await this.#ask({ method: 'POST', path: `/v1/moves/${id}/prepare`, json: body });
  }

  /** Idempotent: tells the target to start the worker, or learns that it has. */
  async commit(id: string): Promise<IncomingMove> {
    const answer = (await this.#ask({ method: 'POST', path: `/v1/moves/${id}/commit` })) as IncomingMove;
    if (answer.id !== id || answer.state !== 'committed')
      throw this.#strange(`a commit answer in state "${answer.state}"`);
    return answer;
  }

  async abort(id: string): Promise<void> {
    await this.#ask({ method: 'DELETE', path: `/v1/moves/${id}` });
  }

  /** Done when the answers that are under way have come. */
  close(): Promise<void> {
    return this.#agent.close();
  }

  async #ask({ method, path, json, stream, type = MEDIA.blobStream }: PeerRequest): Promise<unknown> {
    const { target, token, answerMs, transferMs, traceparent } = this.#options;
    const timeout = AbortSignal.timeout(stream ? transferMs : answerMs);
    const headers: Record<string, string> = { accept: MEDIA.json };
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    if (traceparent !== undefined) headers['traceparent'] = traceparent;
    if (json !== undefined) headers['content-type'] = MEDIA.json;
    if (stream) headers['content-type'] = type;
    let statusCode: number;
    let text: string;
    try {
      const response = await request(target + path, {
        method,
        headers,
        dispatcher: this.#agent,
        signal: AbortSignal.any([timeout, this.#options.signal]),
        body: stream ? Readable.from(stream, { objectMode: false }) : json === undefined ? null : JSON.stringify(json),
        headersTimeout: stream ? transferMs : answerMs,
      });
      statusCode = response.statusCode;
      text = await readText(response.body);
    } catch (cause) {
      if (cause instanceof PluvioError) throw cause;
      const reason = timeout.aborted ? 'no answer in time' : cause instanceof Error ? cause.message : String(cause);
      throw new PluvioError('NODE_UNREACHABLE', `${method} ${path} to ${target}: ${reason}`, { target }, { cause });
    }
    return this.#interpret(`${method} ${path}`, statusCode, text);
  }

  #interpret(what: string, statusCode: number, text: string): unknown {
    let body: unknown;
    try {
      body = text === '' ? undefined : JSON.parse(text);
    } catch {
      throw this.#strange(`status ${statusCode} without JSON to ${what}`);
    }
    if (statusCode >= 200 && statusCode < 300) return body;
    const problem = (body ?? {}) as { code?: unknown; detail?: unknown };
    if (typeof problem.code !== 'string') throw this.#strange(`status ${statusCode} without a code to ${what}`);
    throw decodeError({ code: problem.code, message: `${this.target} answered: ${String(problem.detail)}` });
  }

  #strange(found: string): PluvioError {
    return new PluvioError('NODE_UNREACHABLE', `${this.target} does not answer as a node: found ${found}`, {
      target: this.target,
    });
  }
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES)
      throw new PluvioError('NODE_UNREACHABLE', `an answer exceeds ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
