/** Clients that are slow, hang up, never read, send everything at once, or leave streams open. */
import { type Arena, type Attack, JSON_TYPE, requestHead, requestWith } from './attack.ts';
import type { RawConnection } from './raw-connection.ts';

const LARGE_ANSWERS = 200;

async function drip(arena: Arena, connection: RawConnection, text: string): Promise<void> {
  const steps = Math.min(text.length, 20);
  for (let step = 0; step < steps && !connection.ended; step++) {
    connection.push(text[step] ?? '');
    await connection.heard(arena.slowMs / steps);
  }
}

async function openStream(arena: Arena, path: string): Promise<RawConnection> {
  const connection = await arena.open();
  await connection.send(requestHead(arena, 'GET', path, { Accept: 'text/event-stream' }));
  return connection;
}

const STREAMS = ({ victim }: Arena): readonly string[] => [
  '/v1/events',
  '/v1/events?after=0',
  `/v1/workers/${victim}/logs?follow=true`,
];

export const CONNECTION_ATTACKS = {
  'headers a byte at a time': async (arena) => {
    const connection = await arena.open();
    await drip(arena, connection, requestHead(arena, 'GET', '/v1/node'));
  },
  'a body a byte at a time': async (arena) => {
    const connection = await arena.open();
    connection.push(requestHead(arena, 'POST', '/v1/workers', { 'Content-Type': JSON_TYPE, 'Content-Length': 10_000 }));
    await drip(arena, connection, '{"bundle":"sha256:000000000000000');
  },
  'a connection that says nothing': async (arena) => {
    const connection = await arena.open();
    await connection.heard(arena.slowMs);
  },
  'a burst of connections': async (arena) => {
    const burst = await Promise.all(Array.from({ length: 20 }, () => arena.open()));
    for (const connection of burst) connection.reset();
  },
  'half a request, then a reset': async (arena) => {
    const connection = await arena.open();
    const text = requestWith(arena, 'POST', '/v1/workers', JSON_TYPE, '{"bundle":"x"}');
    await connection.send(text.slice(0, 1 + arena.choices.below(text.length - 1)));
    connection.reset();
  },
  'a hang-up while the answer comes': async (arena) => {
    const connection = await arena.open();
    const path = arena.choices.pick([
      '/openapi.json',
      '/v1/bundles',
      `/v1/workers/${arena.victim}/outcome?waitMs=1000`,
    ]);
    await connection.send(requestHead(arena, 'GET', path));
    await connection.heard(arena.choices.below(10));
    connection.reset();
  },
  'a call that is hung up on': async (arena) => {
    const connection = await arena.open();
    await connection.send(
      requestWith(arena, 'POST', `/v1/workers/${arena.victim}/call/apply`, JSON_TYPE, '{"args":[1]}'),
    );
    connection.reset();
  },
  'half-closed requests': async (arena) => {
    const connection = await arena.open();
    await connection.send(requestHead(arena, 'GET', '/v1/node'));
    connection.halfClose();
    await arena.expect(connection, 'any');
  },
  'fifty requests in one piece': async (arena) => {
    const connection = await arena.open();
    const paths = ['/healthz', '/v1/node', '/v1/workers/nobody', '/openapi.json', '/v1/workers/%E0'];
    await connection.send(
      Array.from({ length: 50 }, (_, at) => requestHead(arena, 'GET', paths[at % paths.length] ?? '')).join(''),
    );
    for (let answers = 0; answers < 50; answers++) await arena.expect(connection, 'due');
  },
  'calls in one piece, then a hang-up': async (arena) => {
    const connection = await arena.open();
    const call = requestWith(arena, 'POST', `/v1/workers/${arena.victim}/call/apply`, JSON_TYPE, '{"args":[2]}');
    connection.push(call.repeat(20));
    await connection.heard(arena.choices.below(20));
    connection.reset();
  },
  'answers that nobody reads': async (arena) => {
    const connection = await arena.open();
    connection.pause();
    for (let asked = 0; asked < LARGE_ANSWERS; asked++) connection.push(requestHead(arena, 'GET', '/openapi.json'));
    await arena.pause(arena.slowMs);
    connection.reset();
  },
  'a stream that is dropped': async (arena) => {
    const connection = await openStream(arena, arena.choices.pick(STREAMS(arena)));
    await connection.heard(arena.slowMs);
    connection.reset();
  },
  'a stream that nobody reads': async (arena) => {
    const connection = await openStream(arena, arena.choices.pick(STREAMS(arena)));
    connection.pause();
    await arena.pause(arena.slowMs);
  },
  'many streams': async (arena) => {
    const streams = await Promise.all(
      Array.from({ length: 12 }, () => openStream(arena, arena.choices.pick(STREAMS(arena)))),
    );
    await arena.pause(arena.slowMs / 4);
    for (const stream of streams) stream.close();
  },
  'a stream with requests behind it': async (arena) => {
    const connection = await openStream(arena, '/v1/events');
    connection.push(requestHead(arena, 'GET', '/healthz').repeat(100));
    await connection.heard(arena.slowMs / 4);
  },
} as const satisfies Record<string, Attack>;
