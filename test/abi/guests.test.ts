/** Guests in C in every mode: the same output, the same effects with the same numbers, wherever and however often they were taken away. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadModule } from '../../runtime/engine/index.ts';
import { type Answer, type Ask, HOST_CALLS } from '../../runtime/host/abi/index.ts';
import { input } from './hand-guest.ts';
import { type GuestRun, runGuest, type Script } from './run-guest.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const guestBytes = (name: string): Uint8Array => readFileSync(new URL(`guests/${name}.wasm`, import.meta.url));

function answer(ask: Ask): Answer | undefined {
  if (ask.kind === 'checkpoint') return { ok: true };
  if (ask.kind === 'fetch') {
    return {
      ok: true,
      head: { status: 200, headers: [['content-type', 'text/plain']] },
      body: bytesOf('3 mm by noon'),
    };
  }
  const question = textOf(ask.body);
  if (question === 'be silent') return undefined;
  return question === 'refuse'
    ? { ok: false, code: 'FAILED', message: 'not today' }
    : { ok: true, body: bytesOf(`${ask.to} is well`) };
}

const EVERY_CALL: Script = {
  export: 'run',
  inputs: [
    input(1, 'the call', {
      kind: 'http',
      caller: { kind: 'client', name: 'ada' },
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    }),
    input(2, 'one', { reply: true, from: 'friend' }),
    input(3, 'two', { reply: true, kind: 'http' }),
    input(4, 'three', { reply: true }),
  ],
  answer,
  grants: {
    config: ['*'],
    secrets: ['token'],
    kv: [],
    blob: [],
    timers: [],
    'mailbox.receive': [],
    'mailbox.send': ['friend'],
    'topics.publish': ['weather.*'],
    'topics.subscribe': ['weather.*'],
    'http.outbound': ['https://api.example.com/'],
    checkpoint: [],
  },
};

const SERVICE: Script = {
  export: 'serve',
  paced: true,
  inputs: [
    input(1),
    ...Array.from({ length: 12 }, (_, index) => input(index + 2, `message ${index}`, { reply: true })),
    input(14, 'stop'),
  ],
};

const essence = ({ outcome, ended, effects, logs, asked, settled }: GuestRun): unknown => ({
  outcome,
  output: textOf(ended.output),
  head: ended.head,
  effectsUsed: ended.effectsUsed,
  message: ended.message,
  effects,
  logs,
  asked,
  settled,
});

/** Guest, script, how often it waits, at least how often it can be stopped. */
const SCRIPTS = [
  ['every-call', EVERY_CALL, 7, 100],
  ['mailbox-loop', SERVICE, 13, 25],
] as const;

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  test.each(SCRIPTS)('%s', async (name, script, waitsOf, stopsAtLeast) => {
    const module = await loadModule(guestBytes(name), { unwind });
    const plain = await runGuest(module, script, 'none');
    const waits = await runGuest(module, script, 'waits');
    const everywhere = await runGuest(module, script, 'safepoints');
    const followed = await runGuest(module, script, 'followed');
    expect(essence(waits)).toEqual(essence(plain));
    expect(essence(everywhere)).toEqual(essence(plain));
    expect(essence(followed)).toEqual(essence(plain));
    expect(plain.hosts).toBe(1);
    expect(waits.hosts).toBe(waitsOf + 1);
    expect(everywhere.hosts).toBeGreaterThan(stopsAtLeast);
    expect(everywhere.host.snapshot()).toEqual(plain.host.snapshot());
  });
});

test('every call of the table is made', async () => {
  const module = await loadModule(guestBytes('every-call'));
  const imported = module.module.imports.filter((entry) => entry.module === 'pluvio_v1').map(({ name: call }) => call);
  expect(imported.sort()).toEqual(Object.keys(HOST_CALLS).sort());
});

test('what the calls gave', async () => {
  const run = await runGuest(await loadModule(guestBytes('every-call')), EVERY_CALL, 'waits');
  expect(run.outcome).toEqual({ kind: 'returned', values: [7] });
  expect(run.ended.head).toEqual({ status: 202, headers: [] });
  expect(textOf(run.ended.output)).toBe(readFileSync(new URL('guests/every-call.expected', import.meta.url), 'utf8'));
  expect(run.logs).toEqual([
    expect.objectContaining({ level: 'warn', message: 'it rains ***', fields: { mm: 3 }, inputSeq: 1 }),
  ]);
  expect(run.hosts).toBe(8);
});

test('a service answers each message once', async () => {
  const run = await runGuest(await loadModule(guestBytes('mailbox-loop')), SERVICE, 'safepoints');
  expect(run.outcome).toEqual({ kind: 'returned', values: [12] });
  const replies = Object.entries(run.effects).filter(([, effect]) => (effect as { kind: string }).kind === 'reply');
  expect(replies.map(([key, effect]) => [key, (effect as { reply: { body: string } }).reply.body])).toEqual(
    Array.from({ length: 12 }, (_, index) => [
      `${index + 2}:1`,
      `${String(index + 1).padStart(2, '0')} ${index > 9 ? index.toString().split('').reverse().join('') : index} egassem`,
    ]),
  );
  expect(run.settled).toEqual(Array.from({ length: 12 }, (_, index) => index + 2));
  expect(run.ended.message).toEqual({ seq: 14, effects: 0 });
});
