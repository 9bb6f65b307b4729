/** Messages and topics. */
import type { Pending } from '../../engine/pending.ts';
import type { HostCallsOf } from './call-types.ts';
import type { AbiContext } from './context.ts';
import { codeOf, fail } from './error-codes.ts';
import { readHttpHead } from './http-data.ts';
import { dueAfter, isDue } from './time-calls.ts';
import type { Answer, Reply } from './types.ts';
import type { Wait } from './waits.ts';

function reply(abi: AbiContext, answer: Reply): undefined {
  const message = abi.inputs.current;
  if (message?.isMessage !== true || message.info.reply !== true || message.replied) fail('STATE');
  message.replied = true;
  abi.effect({ kind: 'reply', seq: message.seq, reply: answer });
}

/**
 * A question to somebody outside. Its time can pass, and the input that it belongs to can be cancelled.
 * @param ask Gives the result of the call from the answer, or undefined as long as there is none.
 */
export const questionWait = (abi: AbiContext, timeoutMs: number | null, ask: Wait['attempt']): Wait => ({
  begin: () => ({ dueMs: dueAfter(abi, timeoutMs), number: abi.inputs.nextNumber() }),
  attempt: (record, isRestored) => {
    if (abi.inputs.isCancelled) fail('CANCELLED');
    return ask(record, isRestored) ?? (isDue(abi, record.dueMs) ? fail('TIMEOUT') : undefined);
  },
});

/** The code of an answer that is an error; its message goes to the result register. */
export function refused(abi: AbiContext, { code, message }: Extract<Answer, { ok: false }>): number {
  if (message !== undefined) abi.registers.setText(message);
  return codeOf(code);
}

/** What every question carries. */
export function traceOf({ inputs }: AbiContext): { readonly traceparent?: string } {
  const traceparent = inputs.current?.info.traceparent;
  return traceparent === undefined ? {} : { traceparent };
}

function call(abi: AbiContext, to: string, body: Uint8Array, timeoutMs: number | null): number | Pending {
  const { waits, registers, limits } = abi;
  const wait = questionWait(abi, timeoutMs, (record, isRestored) => {
    const answer = waits.answerTo(record, isRestored, { kind: 'call', to, body, ...traceOf(abi) });
    if (answer === undefined) return undefined;
    if (!answer.ok) return refused(abi, answer);
    const answered = answer.body ?? new Uint8Array();
    return answered.length <= limits.messageBytes ? registers.setBytes(answered) : fail('TOO_LARGE');
  });
  return waits.run('call', wait);
}

function receive(abi: AbiContext, timeoutMs: number | null): number | Pending {
  const { mailbox, inputs, waits } = abi;
  return waits.run('recv', {
    begin: () => {
      mailbox.endMessage();
      return { dueMs: dueAfter(abi, timeoutMs), number: null };
    },
    attempt: ({ dueMs }) => {
      if (!mailbox.isSettled()) return undefined;
      if (inputs.isCancelled) fail('CANCELLED');
      return mailbox.takeNext() ?? (isDue(abi, dueMs) ? fail('TIMEOUT') : undefined);
    },
  });
}

export const MAILBOX_CALLS = {
  recv: receive,
  message_info: ({ registers, inputs }) => registers.setJson(inputs.current?.info ?? fail('NOT_FOUND')),
  reply: (abi, body) => reply(abi, { ok: true, body }),
  reply_http: (abi, head, body) => reply(abi, { ok: true, body, head: readHttpHead(head) }),
  reply_error: (abi, message) => reply(abi, { ok: false, message }),
  send: (abi, to, body) => {
    abi.effect({ kind: 'send', to, body });
    return undefined;
  },
  call,
  subscribe: (abi, topic) => {
    const { subscriptions, limits } = abi;
    if (subscriptions.has(topic)) return undefined;
    if (subscriptions.size >= limits.subscriptions) fail('QUOTA');
    subscriptions.add(topic);
    abi.effect({ kind: 'subscribe', topic, subscribed: true });
    return undefined;
  },
  unsubscribe: (abi, topic) => {
    if (!abi.subscriptions.delete(topic)) fail('NOT_FOUND');
    abi.effect({ kind: 'subscribe', topic, subscribed: false });
    return undefined;
  },
  publish: (abi, topic, body) => {
    abi.effect({ kind: 'publish', topic, body });
    return undefined;
  },
} as const satisfies HostCallsOf<
  | 'recv'
  | 'message_info'
  | 'reply'
  | 'reply_http'
  | 'reply_error'
  | 'send'
  | 'call'
  | 'subscribe'
  | 'unsubscribe'
  | 'publish'
>;
