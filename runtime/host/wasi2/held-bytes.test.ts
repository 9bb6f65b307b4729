/** What the host holds for its guest: one limit over all of it, at its edge. */
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { HandGuest } from '../../../test/abi/hand-guest.ts';
import { bytesOf, HandComponent } from '../../../test/wasi2/hand-component.ts';
import type { Resource } from '../component/component-host.ts';
import { WASI_LIMITS } from '../system/limits.ts';
import { RESOURCE_BYTES } from './held-bytes.ts';
import type { HttpPort } from './http/http-port.ts';
import { createWasi2 } from './index.ts';

const TYPES = 'http/types';
const STREAMS = 'io/streams';
/** Less than a stream allows at once, so that `check-write` says what is left. */
const LIMIT = 60_000;

const fieldsOf = (component: HandComponent): Resource => component.resource(TYPES, '[constructor]fields');
const append = (component: HandComponent, fields: Resource, bytes: number): unknown =>
  component.call(TYPES, '[method]fields.append', fields, 'a', new Uint8Array(bytes).fill(97));

interface Sink {
  readonly owner: Resource;
  readonly body: Resource;
  readonly stream: Resource;
}

function sinkOf(component: HandComponent, kind: 'request' | 'response' = 'request'): Sink {
  const fields = fieldsOf(component);
  const owner = component.resource(TYPES, `[constructor]outgoing-${kind}`, fields);
  component.host.taken?.(fields);
  const body = component.ok(TYPES, `[method]outgoing-${kind}.body`, owner) as Resource; // as WIT says, here and below
  return { owner, body, stream: component.ok(TYPES, '[method]outgoing-body.write', body) as Resource };
}

const left = (component: HandComponent, { stream }: Sink): number => {
  const answer = component.call(STREAMS, '[method]output-stream.check-write', stream) as { tag: string; val: bigint };
  return answer.tag === 'ok' ? Number(answer.val) : 0;
};

/** Writes until no more is taken; gives how much was. */
function fill(component: HandComponent, sink: Sink, atOnce = Number.POSITIVE_INFINITY): number {
  let written = 0;
  for (let room = left(component, sink); room > 0; room = left(component, sink)) {
    const count = Math.min(room, atOnce);
    component.ok(STREAMS, '[method]output-stream.write', sink.stream, new Uint8Array(count));
    written += count;
  }
  return written;
}

const closed = (component: HandComponent, { stream }: Sink): unknown =>
  component.err(STREAMS, '[method]output-stream.check-write', stream);

describe('bodies that go out', () => {
  it.each([Number.POSITIVE_INFINITY, 1])('take what there is, in pieces of at most %d, and no more', (atOnce) => {
    const component = new HandComponent({ heldBytes: LIMIT });
    const [first, second] = [sinkOf(component), sinkOf(component)];
    const before = left(component, second);
    expect(fill(component, first, atOnce)).toBe(before);
    expect([closed(component, first), closed(component, second)]).toEqual([{ tag: 'closed' }, { tag: 'closed' }]);
    expect(
      component.err(STREAMS, '[method]output-stream.blocking-write-and-flush', second.stream, bytesOf('x')),
    ).toEqual({ tag: 'closed' });
  });

  it('are held as long as anything refers to them', () => {
    const component = new HandComponent({ heldBytes: LIMIT });
    const [first, second] = [sinkOf(component), sinkOf(component)];
    const pollable = component.resource(STREAMS, '[method]output-stream.subscribe', first.stream);
    const before = left(component, second);
    fill(component, first);
    for (const each of [first.owner, first.stream, first.body]) {
      component.host.drop(each);
      expect(left(component, second)).toBeLessThan(4 * RESOURCE_BYTES);
    }
    component.host.drop(pollable);
    expect(left(component, second)).toBeGreaterThan(before);
  });

  it('do not take what was allowed to two of them', () => {
    const component = new HandComponent({ heldBytes: LIMIT });
    const [first, second] = [sinkOf(component), sinkOf(component)];
    const [room] = [left(component, first), left(component, second)];
    component.ok(STREAMS, '[method]output-stream.write', first.stream, new Uint8Array(room));
    expect(component.err(STREAMS, '[method]output-stream.write', second.stream, bytesOf('x'))).toEqual({
      tag: 'closed',
    });
  });

  it('leave room to wait, and for little else', () => {
    const component = new HandComponent({ heldBytes: LIMIT });
    const sink = sinkOf(component);
    fill(component, sink);
    const fields = fieldsOf(component);
    expect(append(component, fields, 1)).toEqual({ tag: 'err', val: { tag: 'invalid-syntax' } });
    component.resource(STREAMS, '[method]output-stream.subscribe', sink.stream);
    expect(() => {
      for (let at = 0; at < LIMIT / RESOURCE_BYTES; at++) fieldsOf(component);
    }).toThrow(/the host holds \d+ bytes for the guest; heldBytes allows 60000/u);
  });

  it('that are larger than the answer may be fail the answer', () => {
    const guest = new HandGuest({ limits: { outputBytes: 10 } });
    const component = new HandComponent({ http: guest.host.http });
    const info = { id: '', kind: 'http', method: 'GET', url: 'http://a.example/', headers: [] } as const;
    guest.host.beginInput({ seq: 1, info, body: new Uint8Array() });
    const sink = sinkOf(component, 'response');
    component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', sink.stream, new Uint8Array(11));
    const [, out] = component.host.argumentsOf?.('wasi:http/incoming-handler@0.2#handle') ?? [];
    component.call(TYPES, '[static]response-outparam.set', out, { tag: 'ok', val: sink.owner });
    const { head, output } = guest.host.endInput();
    expect([head?.status, output.length]).toEqual([500, 0]);
  });
});

describe('header fields', () => {
  it('are refused where there is no room for them, and may be taken out again', () => {
    const component = new HandComponent({ heldBytes: LIMIT });
    const fields = fieldsOf(component);
    let appended = 0;
    while ((append(component, fields, 1000) as { tag: string }).tag === 'ok') appended++;
    expect(appended).toBeGreaterThan(20);
    const list = Array.from({ length: appended - 1 }, () => ['a', new Uint8Array(1000).fill(97)]);
    expect(component.err(TYPES, '[static]fields.from-list', list)).toEqual({ tag: 'invalid-syntax' });
    expect(component.ok(TYPES, '[method]fields.delete', fields, 'a')).toBeUndefined();
    expect(component.ok(TYPES, '[static]fields.from-list', list)).toMatchObject({ kind: 'fields' });
  });

  it('are at most 64 KiB of names and values', () => {
    const component = new HandComponent();
    const fields = fieldsOf(component);
    expect(append(component, fields, 65_535)).toEqual({ tag: 'ok' });
    expect(append(component, fields, 0)).toEqual({ tag: 'err', val: { tag: 'invalid-syntax' } });
    const long = 'b'.repeat(65_537);
    expect(component.err(TYPES, '[static]fields.from-list', [[long, bytesOf('')]])).toEqual({ tag: 'invalid-syntax' });
  });

  it('count in what is made of them', () => {
    const component = new HandComponent({ heldBytes: LIMIT });
    const fields = fieldsOf(component);
    append(component, fields, 20_000);
    expect(() => {
      for (let at = 0; at < 3; at++) component.resource(TYPES, '[method]fields.clone', fields);
    }).toThrow(WebAssembly.RuntimeError);
  });
});

test('texts of a request are taken within reason, and where there is room', () => {
  const component = new HandComponent({ heldBytes: LIMIT });
  const { owner } = sinkOf(component);
  const set = (what: string, value: unknown): string =>
    (component.call(TYPES, `[method]outgoing-request.set-${what}`, owner, value) as { tag: string }).tag;
  expect([
    set('path-with-query', `/${'a'.repeat(30_000)}`),
    set('path-with-query', `/${'a'.repeat(65_536)}`),
    set('path-with-query', '/'),
    set('authority', 'a'.repeat(30_000)),
    set('scheme', { tag: 'other', val: 'x'.repeat(33) }),
    set('method', { tag: 'other', val: 'x'.repeat(33) }),
  ]).toEqual(['err', 'err', 'ok', 'err', 'err', 'err']);
});

test('files that have no room to be opened say so', () => {
  const component = new HandComponent({ heldBytes: 2 * RESOURCE_BYTES, files: { f: 'x' } });
  const [[root] = []] = component.call('filesystem/preopens', 'get-directories') as [Resource, string][]; // as WIT says
  const open = { create: false, directory: false, exclusive: false, truncate: false };
  const access = { read: true, write: false, mutateDirectory: false };
  const args = [root, { symlinkFollow: true }, 'f', open, access];
  expect(component.ok('filesystem/types', '[method]descriptor.open-at', ...args)).toMatchObject({ kind: 'file' });
  expect(component.err('filesystem/types', '[method]descriptor.open-at', ...args)).toBe('quota');
});

describe('requests that go out', () => {
  const ANSWER_BYTES = 100_000;
  /** Half of it is for two answers with their heads. */
  const HELD_BYTES = 700_000;

  function service(): { guest: HandGuest; component: HandComponent } {
    const guest = new HandGuest({ limits: { fetchBodyBytes: ANSWER_BYTES } });
    return { guest, component: new HandComponent({ http: guest.host.http, heldBytes: HELD_BYTES }) };
  }

  function send(component: HandComponent): Resource {
    const fields = fieldsOf(component);
    const request = component.resource(TYPES, '[constructor]outgoing-request', fields);
    component.ok(TYPES, '[method]outgoing-request.set-authority', request, 'api.example');
    const future = component.ok('http/outgoing-handler', 'handle', request, undefined) as Resource; // as WIT says
    for (const given of [fields, request]) component.host.taken?.(given);
    return future;
  }

  const get = (component: HandComponent, future: Resource): unknown =>
    component.call(TYPES, '[method]future-incoming-response.get', future);

  it('wait until there is room for their answers', async () => {
    const { guest, component } = service();
    const futures = Array.from({ length: 4 }, () => send(component));
    expect(guest.services.asks).toHaveLength(2);
    const body = new Uint8Array(1000);
    for (let at = 0; at < futures.length; at++) {
      await guest.services.answer(guest.services.asks[at]!.ask, { ok: true, body });
    }
    expect(guest.services.asks).toHaveLength(4);
    for (const future of futures) expect(get(component, future)).toMatchObject({ val: { val: { body } } });
  });

  it('are sent with what room there is, if none is under way', async () => {
    const { guest, component } = service();
    const sink = sinkOf(component);
    while (left(component, sink) >= 50_000) {
      component.ok(STREAMS, '[method]output-stream.write', sink.stream, new Uint8Array(50_000));
    }
    const future = send(component);
    const [ask] = guest.services.asks;
    const room = ask?.kind === 'fetch' ? ask.bodyMaxBytes : 0;
    expect([room > 0, room < 50_000]).toEqual([true, true]);
    const headers = Array.from({ length: 200 }, () => ['name', 'value'] as const);
    await guest.services.answer(ask!.ask, { ok: true, head: { status: 200, headers }, body: new Uint8Array(1) });
    expect(get(component, future)).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'HTTP-response-body-size' } } });
  });

  it('are broken off when they are given up, and others go on', async () => {
    const { guest, component } = service();
    const futures = Array.from({ length: 3 }, () => send(component));
    const pollable = component.resource(TYPES, '[method]future-incoming-response.subscribe', futures[0]);
    component.host.drop(futures[0]!);
    expect([guest.services.abandoned, guest.services.asks.length]).toEqual([[], 2]);
    component.host.drop(pollable);
    const [first] = guest.services.asks;
    expect([guest.services.abandoned, guest.services.asks.length]).toEqual([[first?.ask], 3]);
    await guest.services.answer(first!.ask, { ok: true, body: new Uint8Array(ANSWER_BYTES) });
    expect(guest.services.asks).toHaveLength(3);
  });

  it('push back a body that is written meanwhile, until there is room', async () => {
    const { guest, component } = service();
    const [sink] = [sinkOf(component)];
    const futures = [send(component), send(component)];
    fill(component, sink);
    expect(component.ok(STREAMS, '[method]output-stream.check-write', sink.stream)).toBe(0n);
    const pollable = component.resource(STREAMS, '[method]output-stream.subscribe', sink.stream);
    const waits = [
      component.waits('io/poll', 'poll', [pollable]),
      component.waits(STREAMS, '[method]output-stream.blocking-write-and-flush', sink.stream, bytesOf('x')),
    ];
    await guest.services.answer(guest.services.asks[0]!.ask, { ok: true, body: new Uint8Array(1) });
    await Promise.all(waits.map(({ promise }) => promise));
    expect(component.call('io/poll', 'poll', [pollable])).toEqual([0]);
    expect(left(component, sink)).toBeGreaterThan(0);
    for (const future of futures) component.host.drop(future);
    fill(component, sink);
    expect(closed(component, sink)).toEqual({ tag: 'closed' });
  });

  it('that waited for room were not sent: after a move any may be', () => {
    const { guest, component } = service();
    const futures = Array.from({ length: 3 }, () => send(component));
    const state = component.host.snapshot(futures) as { resources: { kind: string; again?: boolean }[] };
    expect(state.resources.map(({ again }) => again)).toEqual([true, true, false]);
    expect(guest.services.asks).toHaveLength(2);
  });
});

test('a wait that is made again and again asks no promise twice', () => {
  let asked = 0;
  const changed = new Promise<void>(() => undefined);
  const { then } = changed;
  changed.then = (...given) => {
    asked++;
    return then.apply(changed, given) as never; // as it is
  };
  const port: Partial<HttpPort> = {
    incoming: () => ({ method: 'GET', url: 'http://a.example/', headers: [] }),
    body: () => ({ bytes: new Uint8Array(), state: 'open' }),
    bodyChanged: () => changed,
  };
  const component = new HandComponent({ http: port as HttpPort });
  const [request] = component.host.argumentsOf?.('wasi:http/incoming-handler@0.2#handle') ?? [];
  const body = component.ok(TYPES, '[method]incoming-request.consume', request);
  const stream = component.ok(TYPES, '[method]incoming-body.stream', body);
  const pollable = component.resource(STREAMS, '[method]input-stream.subscribe', stream);
  for (let at = 0; at < 100; at++) component.waits('io/poll', 'poll', [pollable, pollable]);
  expect(asked).toBe(1);
});

describe('the account', () => {
  type Step = readonly ['append' | 'write' | 'new' | 'drop' | 'clone' | 'subscribe', number, number];
  const steps = fc.array(
    fc.tuple(fc.constantFrom('append', 'write', 'new', 'drop', 'clone', 'subscribe'), fc.nat(9), fc.nat(3000)),
    { maxLength: 60 },
  ) as fc.Arbitrary<Step[]>;

  /** Does something to the n-th of what there is; what traps is left. */
  function step(component: HandComponent, all: Resource[], [what, which, size]: Step): void {
    const self = all[which % Math.max(1, all.length)];
    const kind = (self as { kind?: string } | undefined)?.kind;
    if (what === 'new') {
      const { owner, body, stream } = sinkOf(component);
      all.push(owner, body, stream, fieldsOf(component));
    }
    if (self === undefined) return;
    if (what === 'append' && kind === 'fields') append(component, self, size);
    if (what === 'clone' && kind === 'fields') all.push(component.resource(TYPES, '[method]fields.clone', self));
    if (kind === 'body output') {
      if (what === 'subscribe') all.push(component.resource(STREAMS, '[method]output-stream.subscribe', self));
      const room = left(component, { stream: self } as Sink);
      if (what === 'write')
        component.ok(STREAMS, '[method]output-stream.write', self, new Uint8Array(Math.min(room, size)));
    }
    if (what !== 'drop') return;
    component.host.drop(self);
    all.splice(all.indexOf(self), 1);
  }

  it('is the same after a move, whatever was done, and ends at nothing', () => {
    fc.assert(
      fc.property(steps, (given) => {
        const component = new HandComponent({ heldBytes: LIMIT });
        const sink = sinkOf(component);
        const before = left(component, sink);
        const all: Resource[] = [];
        try {
          for (const each of given) step(component, all, each);
        } catch (error) {
          expect(String(error)).toContain('heldBytes allows');
        }
        const own: Resource[] = [sink.owner, sink.body, sink.stream];
        const { moved, resources } = component.move([...own, ...all], { heldBytes: LIMIT });
        expect(left(moved, { stream: resources[2]! } as Sink)).toBe(left(component, sink));
        for (const each of all) component.host.drop(each);
        expect(left(component, sink)).toBe(before);
      }),
      { numRuns: 100 },
    );
  });

  it('of a state that claims more than the limit is refused, and what is at the limit is not', () => {
    const component = new HandComponent({ heldBytes: LIMIT });
    const sink = sinkOf(component);
    fill(component, sink);
    const state = component.host.snapshot([sink.owner, sink.body, sink.stream]);
    expect(new HandComponent({ heldBytes: LIMIT }).host.restore(state)).toHaveLength(3);
    const { host } = new HandComponent({ heldBytes: LIMIT / 2 });
    expect(() => host.restore(state)).toThrow(
      expect.objectContaining({
        code: 'SNAPSHOT_MISMATCH',
        message: expect.stringContaining('at most 30000 bytes, the limit heldBytes') as unknown,
      }) as Error,
    );
  });

  it('has a limit within its range', () => {
    const { max } = WASI_LIMITS.heldBytes;
    expect(() => createWasi2({ heldBytes: max + 1 })).toThrow(
      expect.objectContaining({ code: 'LIMIT_OUT_OF_RANGE' }) as Error,
    );
    expect(() => fieldsOf(new HandComponent({ heldBytes: 0 }))).toThrow(/heldBytes allows 0/u);
    fieldsOf(new HandComponent({ heldBytes: max }));
  });
});
