/** What a guest does to others, in the terms of the store. */
import type { Effect, EffectNumber, InputInfo, Reply } from '../host/index.ts';
import type { Effect as StoredEffect, JsonData } from './store/index.ts';
import { topicOf } from './tenant-boundary.ts';

/** The answer to a message: its outcome, not an effect of the store. */
export interface ReplyTo {
  readonly seq: number;
  readonly reply: Reply;
}

/** Who does effects: a worker that is made again under the name of one that is gone is another. */
export interface Actor {
  readonly name: string;
  readonly createdMs: number;
  readonly tenant: string;
}

/** What the receiver of a message is told of its sender. */
export const senderOf = ({ name, tenant }: Actor): Pick<InputInfo, 'from' | 'caller'> => ({
  caller: { kind: 'worker', name, tenant },
  from: name,
});

/** The key of an effect, the same whenever it is done again. */
export const effectKey = ({ name, createdMs }: Actor, { inputSeq, ordinal }: EffectNumber): string =>
  `m:${name}:${createdMs.toString(36)}:${inputSeq}:${ordinal}`;

/** Journals have plain JSON; what is left out stays out. */
export const jsonInfo = (info: InputInfo): JsonData => info as unknown as JsonData; // an interface of JSON fields

/** One effect for the store, or the answer to a message. */
export function storedEffect(actor: Actor, effect: Effect): StoredEffect | ReplyTo {
  const number = { seq: effect.inputSeq, key: effectKey(actor, effect) };
  const { key } = number;
  const trace = effect.traceparent === undefined ? {} : { traceparent: effect.traceparent };
  switch (effect.kind) {
    case 'send': {
      const info: InputInfo = { id: key, kind: 'message', ...senderOf(actor), ...trace };
      return { kind: 'send', ...number, to: effect.to, body: effect.body, info: jsonInfo(info) };
    }
    case 'publish': {
      const info: InputInfo = { id: key, kind: 'topic', ...senderOf(actor), topic: effect.topic, ...trace };
      return {
        kind: 'publish',
        ...number,
        topic: topicOf(actor.tenant, effect.topic),
        body: effect.body,
        info: jsonInfo(info),
      };
    }
    case 'reply':
      return { seq: effect.seq, reply: effect.reply };
    case 'timer': {
      if (effect.dueMs === null) return { kind: 'clearTimer', ...number, id: effect.id };
      return { kind: 'setTimer', ...number, timer: { id: effect.id, dueMs: effect.dueMs, payload: new Uint8Array() } };
    }
    case 'subscribe':
      return {
        kind: effect.subscribed ? 'subscribe' : 'unsubscribe',
        ...number,
        topic: topicOf(actor.tenant, effect.topic),
      };
  }
}
