/**
 * What the client hands to the core: JSON as text, bytes without anything around them, everything within its limits.
 *
 * A view on a part of a buffer would take the whole buffer across a thread; such bytes are copied.
 */
import { PluvioError } from '../../errors/index.ts';
import { nextCronMs } from './cron.ts';
import type { StoreLimits } from './limits.ts';
import {
  type Checkpoint,
  type Commit,
  type Effect,
  INPUT_KINDS,
  type JsonData,
  type NewInput,
  type NewTimer,
} from './types.ts';

export interface WireDocument {
  readonly text: string;
  /** Whether it stands for a worker of this node, and not for one that has moved away. */
  readonly hosted: boolean;
}
export type WireInput = NewInput<string>;
export type WireEffect = Effect<string>;
export type WireCommit = Commit<string, WireDocument>;

/** What a request counts beside its bytes. */
const OVERHEAD_BYTES = 256;
/** Copying fewer bytes costs less than handing a buffer over. */
const GIVEN_BYTES = 16 * 1024;
export const MAX_NAME_CHARS = 512;

const RECORD_KEY = /^[a-z0-9][a-zA-Z0-9_-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const DECIMAL = /^\d{1,20}$/;

/** Makes the arguments of one request and counts their bytes. */
export class WireWriter {
  readonly #limits: StoreLimits;
  /** Bytes of the arguments made so far. */
  sizeBytes = OVERHEAD_BYTES;
  /** Buffers of bytes that are big; they can be transferred when nobody else needs them. */
  readonly buffers: ArrayBuffer[] = [];

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  bytes(bytes: Uint8Array, what: string, max = this.#limits.bodyBytes): Uint8Array {
    if (bytes.length > max) {
      throw new PluvioError('BODY_TOO_LARGE', `${what} has ${bytes.length} bytes; the store takes ${max}`, {
        limit: max,
      });
    }
    if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.detached) {
      throw new PluvioError('INVALID_ARGUMENT', `${what} was given away before`);
    }
    this.sizeBytes += bytes.length;
    const whole = bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer;
    const own = whole ? bytes : Uint8Array.from(bytes);
    if (own.length >= GIVEN_BYTES && own.buffer instanceof ArrayBuffer) this.buffers.push(own.buffer);
    return own;
  }

  text(text: string, what: string): string {
    if (text.length === 0 || text.length > MAX_NAME_CHARS) {
      const message = `${what} has ${text.length} characters; it must have 1 to ${MAX_NAME_CHARS}`;
      throw new PluvioError('INVALID_ARGUMENT', message);
    }
    this.sizeBytes += text.length;
    return text;
  }

  whole(value: number, what: string, min = 0): number {
    if (Number.isSafeInteger(value) && value >= min) return value;
    throw new PluvioError('INVALID_ARGUMENT', `${what} is ${value}; it must be a whole number from ${min}`);
  }

  json(value: JsonData, what: string): string {
    const text = JSON.stringify(value) as string | undefined; // undefined for what is no JSON
    if (text === undefined) throw new PluvioError('INVALID_ARGUMENT', `${what} is not JSON`);
    this.sizeBytes += text.length;
    return text;
  }

  document(document: unknown): WireDocument {
    const hosted = !(typeof document === 'object' && document !== null && 'movedTo' in document);
    return { text: this.json(document as JsonData, 'a document'), hosted }; // what JSON cannot say is left out, as ever
  }

  input({ kind, key, body, info }: NewInput): WireInput {
    if (!INPUT_KINDS.includes(kind)) throw new PluvioError('INVALID_ARGUMENT', `there is no input of kind "${kind}"`);
    return {
      kind,
      key: key === null ? null : this.text(key, 'the key of an input'),
      body: this.bytes(body, 'the body of an input'),
      info: this.json(info, 'the info of an input'),
    };
  }

  commit({ checkpoint, settled, effects, timers, subscriptions, record, coveredSeq, pin }: Commit): WireCommit {
    return {
      ...(checkpoint ? { checkpoint: this.checkpoint(checkpoint) } : {}),
      ...(pin === undefined ? {} : { pin }),
      ...(coveredSeq === undefined ? {} : { coveredSeq: this.whole(coveredSeq, 'coveredSeq') }),
      ...(settled
        ? {
            settled: settled.map(({ seq, outcome }) => ({
              seq: this.whole(seq, 'the number of an input', 1),
              outcome: this.bytes(outcome, 'an outcome'),
            })),
          }
        : {}),
      ...(effects ? { effects: effects.map((effect) => this.effect(effect)) } : {}),
      ...(timers ? { timers: timers.map((timer) => this.timer(timer)) } : {}),
      ...(subscriptions ? { subscriptions: subscriptions.map((topic) => this.text(topic, 'a topic')) } : {}),
      ...(record === undefined ? {} : { record: this.document(record) }),
    };
  }

  effect(effect: Effect): WireEffect {
    const number = { seq: this.whole(effect.seq, 'seq'), key: this.text(effect.key, 'the key of an effect') };
    switch (effect.kind) {
      case 'send':
        return { ...number, kind: effect.kind, to: this.text(effect.to, 'a receiver'), ...this.#message(effect) };
      case 'publish':
        return { ...number, kind: effect.kind, topic: this.text(effect.topic, 'a topic'), ...this.#message(effect) };
      case 'setTimer':
        return { ...number, kind: effect.kind, timer: this.timer(effect.timer) };
      case 'clearTimer':
        return { ...number, kind: effect.kind, id: this.text(effect.id, 'the id of a timer') };
      case 'subscribe':
      case 'unsubscribe':
        return { ...number, kind: effect.kind, topic: this.text(effect.topic, 'a topic') };
    }
  }

  #message({ body, info }: Pick<NewInput, 'body' | 'info'>): Pick<WireInput, 'body' | 'info'> {
    return { body: this.bytes(body, 'a message'), info: this.json(info, 'the info of a message') };
  }

  timer({ id, dueMs, cron = null, payload }: NewTimer): NewTimer {
    if (cron !== null) nextCronMs(cron, dueMs);
    this.text(id, 'the id of a timer');
    return { id, dueMs: this.whole(dueMs, 'dueMs'), cron, payload: this.bytes(payload, 'the payload of a timer') };
  }

  checkpoint(checkpoint: Checkpoint): Checkpoint {
    const { base, delta, parent, side, inputSeq, fuelUsed, memoryPages, resumable, atMs } = checkpoint;
    if (!DIGEST.test(base))
      throw new PluvioError('INVALID_ARGUMENT', `the base "${base}" of a checkpoint is no digest`);
    if (!DECIMAL.test(fuelUsed)) throw new PluvioError('INVALID_ARGUMENT', `fuelUsed "${fuelUsed}" is no whole number`);
    if (parent !== undefined && delta === null) {
      throw new PluvioError('INVALID_ARGUMENT', `a checkpoint on checkpoint ${parent} has no delta; it must have one`);
    }
    const max = this.#limits.checkpointBytes;
    return {
      base,
      ...(parent === undefined ? {} : { parent: this.whole(parent, 'parent', 1) }),
      delta: delta && this.bytes(delta, 'the delta of a checkpoint', max),
      side: side && this.bytes(side, 'the side state of a checkpoint', max),
      inputSeq: this.whole(inputSeq, 'inputSeq'),
      fuelUsed,
      memoryPages: this.whole(memoryPages, 'memoryPages'),
      resumable,
      atMs: this.whole(atMs, 'atMs'),
    };
  }
}

export const isRecordKey = (key: string): boolean => RECORD_KEY.test(key);

/** @throws PluvioError `INTERNAL`, as keys are made by this program */
export function checkRecordKey(key: string): string {
  if (isRecordKey(key)) return key;
  throw new PluvioError('INTERNAL', `"${key}" is not a record key`);
}
