/** What a guest does to others, in the terms of the store. */
import type { Effect, EffectNumber, InputInfo, Reply } from '../host/index.ts';
import type { Effect as StoredEffect, JsonData } from './store/index.ts';

/** The answer to a message: its outcome, not an effect of the store. */
export interface ReplyTo {
  readonly seq: number;
  readonly reply: Reply;
}

/** The key of an effect, the same whenever it is done again. */
export const effectKey = (worker: string, { inputSeq, ordinal }: EffectNumber): string =>
  `m:${worker}:${inputSeq}:${ordinal}`;

/** Journals have plain JSON; what is left out stays out. */
export const jsonInfo = (info: InputInfo): JsonData => info as unknown as JsonData; // an interface of JSON fields

/** One effect for the store, or the answer to a message. */
export function storedEffect(worker: string, effect: Effect): StoredEffect | ReplyTo {
  const number = { seq: effect.inputSeq, key: effectKey(worker, effect) };
  const { key } = number;
  const trace = effect.traceparent === undefined ? {} : { traceparent: effect.traceparent };
  switch (effect.kind) {
    case 'send': {
      const info: InputInfo = { id: key, kind: 'message', from: worker, ...trace };
      return { kind: 'send', ...number, to: effect.to, body: effect.body, info: jsonInfo(info) };
    }
    case 'publish': {
      const info: InputInfo = { id: key, kind: 'topic', from: worker, topic: effect.topic, ...trace };
      return { kind: 'publish', ...number, topic: effect.topic, body: effect.body, info: jsonInfo(info) };
    }
    case 'reply':
      return { seq: effect.seq, reply: effect.reply };
    case 'timer': {
      if (effect.dueMs === null) return { kind: 'clearTimer', ...number, id: effect.id };
      return { kind: 'setTimer', ...number, timer: { id: effect.id, dueMs: effect.dueMs, payload: new Uint8Array() } };
    }
    case 'subscribe':
      return { kind: effect.subscribed ? 'subscribe' : 'unsubscribe', ...number, topic: effect.topic };
  }
}
