import { describe, expect, it, test } from 'vitest';
import { HandGuest, input } from '../../../../test/abi/hand-guest.ts';
import { bytesOf, HandComponent, textOf } from '../../../../test/wasi2/hand-component.ts';
import type { InputInfo } from '../../abi/index.ts';
import type { Resource } from '../../component/component-host.ts';
import { HANDLER_EXPORT } from './index.ts';

const TYPES = 'http/types';
const STREAMS = 'io/streams';
const BODY_NAME = 7;

interface Service {
  readonly guest: HandGuest;
  readonly component: HandComponent;
}

function service(guest = new HandGuest()): Service {
  return { guest, component: new HandComponent({ http: guest.host.http }) };
}

/** A request comes in: the arguments of the handler. */
function asked({ guest, component }: Service, body: string, more: Partial<InputInfo> = {}, open = false): Resource[] {
  const info = {
    kind: 'http',
    method: 'POST',
    url: 'http://shop.example:8080/cart?x=1',
    headers: [['a', 'b']],
    ...more,
  } as const;
  const seq = open ? 0 : 1;
  expect(guest.host.beginInput({ ...input(seq, body, info), ...(open && { bodyName: BODY_NAME }) })).toBe(true);
  return [...(component.host.argumentsOf?.(HANDLER_EXPORT) ?? [])] as Resource[]; // as the handler takes them
}

function inputOf(component: HandComponent, of: string, self: Resource): Resource {
  const body = component.ok(TYPES, `[method]${of}.consume`, self);
  return component.ok(TYPES, '[method]incoming-body.stream', body) as Resource; // as WIT says
}

const read = (component: HandComponent, stream: Resource): string =>
  textOf(component.ok(STREAMS, '[method]input-stream.read', stream, 1000n));

function outgoing(component: HandComponent, kind: 'request' | 'response', headers: readonly unknown[] = []): Resource {
  const fields = component.ok(TYPES, '[static]fields.from-list', headers);
  return component.resource(TYPES, `[constructor]outgoing-${kind}`, fields);
}

/** The body of what goes out, and its stream. */
function bodyOf(
  component: HandComponent,
  kind: 'request' | 'response',
  self: Resource,
): { body: Resource; stream: Resource } {
  const body = component.ok(TYPES, `[method]outgoing-${kind}.body`, self) as Resource; // as WIT says, here and below
  return { body, stream: component.ok(TYPES, '[method]outgoing-body.write', body) as Resource };
}

const write = (component: HandComponent, stream: Resource, text: string): unknown =>
  component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf(text));

describe('a request that comes in', () => {
  it('is told with its head and body', () => {
    const { component, ...rest } = service();
    const [request] = asked({ component, ...rest }, 'a body');
    const told = ['method', 'path-with-query', 'scheme', 'authority'].map((name) =>
      component.call(TYPES, `[method]incoming-request.${name}`, request),
    );
    expect(told).toEqual([{ tag: 'post' }, '/cart?x=1', { tag: 'HTTP' }, 'shop.example:8080']);
    const headers = component.resource(TYPES, '[method]incoming-request.headers', request);
    expect(component.call(TYPES, '[method]fields.get', headers, 'A')).toEqual([bytesOf('b')]);
    expect(component.err(TYPES, '[method]fields.set', headers, 'a', [])).toEqual({ tag: 'immutable' });
    const stream = inputOf(component, 'incoming-request', request!);
    expect(read(component, stream)).toBe('a body');
    expect(component.err(STREAMS, '[method]input-stream.read', stream, 5n)).toEqual({ tag: 'closed' });
    expect(component.err(TYPES, '[method]incoming-request.consume', request)).toBeUndefined();
  });

  it('has a body that comes part by part', async () => {
    const { guest, component } = service();
    const [request] = asked({ guest, component }, 'ab', {}, true);
    const stream = inputOf(component, 'incoming-request', request!);
    expect(read(component, stream)).toBe('ab');
    expect(read(component, stream)).toBe('');
    const wait = component.waits(STREAMS, '[method]input-stream.blocking-read', stream, 10n);
    guest.host.addBody(BODY_NAME, bytesOf('cd'));
    await wait.promise;
    expect(component.ok(STREAMS, '[method]input-stream.blocking-read', stream, 10n)).toEqual(bytesOf('cd'));
    guest.host.addBody(BODY_NAME, 'broken');
    expect(component.err(STREAMS, '[method]input-stream.blocking-read', stream, 10n)).toMatchObject({
      tag: 'last-operation-failed',
      val: { code: 'pipe' },
    });
    const { moved, resources } = component.move([stream]);
    for (const [host, self] of [
      [component, stream],
      [moved, resources[0]],
    ] as const) {
      expect(host.err(STREAMS, '[method]input-stream.blocking-read', self, 10n)).toEqual({ tag: 'closed' });
    }
  });

  it('is none where no request is answered', () => {
    const { component } = service();
    expect(component.host.argumentsOf?.(HANDLER_EXPORT)).toBeUndefined();
    expect(component.host.argumentsOf?.('another')).toBeUndefined();
  });
});

describe('an answer', () => {
  it.each(['before', 'after'] as const)('whose body is written %s it is set', (when) => {
    const { guest, component } = service();
    const [, out] = asked({ guest, component }, '');
    const response = outgoing(component, 'response', [['x-a', bytesOf('1')]]);
    expect(component.ok(TYPES, '[method]outgoing-response.set-status-code', response, 404)).toBeUndefined();
    const { body, stream } = bodyOf(component, 'response', response);
    if (when === 'before') write(component, stream, 'one ');
    component.call(TYPES, '[static]response-outparam.set', out, { tag: 'ok', val: response });
    component.host.taken?.(out!);
    if (when === 'after') write(component, stream, 'one ');
    write(component, stream, 'two');
    expect(component.ok(TYPES, '[static]outgoing-body.finish', body, undefined)).toBeUndefined();
    const { output, head } = guest.host.endInput();
    expect([textOf(output), head]).toEqual(['one two', { status: 404, headers: [['x-a', '1']] }]);
  });

  it('that is an error, or is not given, is a failure of the server', () => {
    for (const end of ['error', 'dropped'] as const) {
      const { guest, component } = service();
      const [, out] = asked({ guest, component }, '');
      if (end === 'error') {
        component.call(TYPES, '[static]response-outparam.set', out, { tag: 'err', val: { tag: 'loop-detected' } });
        component.host.taken?.(out!);
      } else component.host.drop(out!);
      expect(guest.host.endInput().head).toEqual({ status: 500, headers: [] });
    }
  });

  it('takes no more than the limit', () => {
    const { guest, component } = service(new HandGuest({ limits: { outputBytes: 6 } }));
    const [, out] = asked({ guest, component }, '');
    const response = outgoing(component, 'response');
    const { stream } = bodyOf(component, 'response', response);
    component.call(TYPES, '[static]response-outparam.set', out, { tag: 'ok', val: response });
    expect(component.ok(STREAMS, '[method]output-stream.check-write', stream)).toBe(6n);
    write(component, stream, '123456');
    expect(component.err(STREAMS, '[method]output-stream.check-write', stream)).toEqual({ tag: 'closed' });
    expect(component.err(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf('7'))).toEqual({
      tag: 'closed',
    });
    expect(textOf(guest.host.endInput().output)).toBe('123456');
  });

  it.each([199, 600])('has no status %d', (status) => {
    const { component } = service();
    const response = outgoing(component, 'response');
    expect(component.err(TYPES, '[method]outgoing-response.set-status-code', response, status)).toBeUndefined();
  });
});

test('a name that is very long is looked at once, however many fields there are', () => {
  const component = new HandComponent();
  const entries = Array.from({ length: 1000 }, (_, index) => [`x-${index}`, bytesOf('1')]);
  const fields = component.ok(TYPES, '[static]fields.from-list', entries);
  const name = 'X'.repeat(2 ** 25);
  expect(component.call(TYPES, '[method]fields.has', fields, name)).toBe(false);
  expect(component.err(TYPES, '[method]fields.set', fields, `${name}\0`, [])).toEqual({ tag: 'invalid-syntax' });
  component.ok(TYPES, '[method]fields.delete', fields, name);
  expect(component.call(TYPES, '[method]fields.entries', fields)).toHaveLength(1000);
});

test('fields refuse what is none, and what is the host’s', () => {
  const { component } = service();
  const fields = component.resource(TYPES, '[constructor]fields');
  const set = (name: string, value: string): unknown =>
    component.err(TYPES, '[method]fields.set', fields, name, [bytesOf(value)]);
  expect(
    [set('a b', 'x'), set('a', 'x\ny'), set('Host', 'x'), set('transfer-encoding', 'x')].map(
      (each) => (each as { tag: string }).tag,
    ),
  ).toEqual(['invalid-syntax', 'invalid-syntax', 'forbidden', 'forbidden']);
  expect(
    component.err(TYPES, '[static]fields.from-list', [
      ['ok', bytesOf('1')],
      ['', bytesOf('2')],
    ]),
  ).toEqual({ tag: 'invalid-syntax' });
  component.ok(TYPES, '[method]fields.append', fields, 'X-One', bytesOf('1'));
  component.ok(TYPES, '[method]fields.append', fields, 'x-one', bytesOf('2'));
  const clone = component.resource(TYPES, '[method]fields.clone', fields);
  component.ok(TYPES, '[method]fields.delete', fields, 'x-ONE');
  expect(component.call(TYPES, '[method]fields.has', fields, 'x-one')).toBe(false);
  expect(component.call(TYPES, '[method]fields.get', clone, 'x-one')).toEqual([bytesOf('1'), bytesOf('2')]);
});

/** A request of the component for a URL; gives what `handle` gives. */
function send(component: HandComponent, method: string, body?: string): { tag: string; val?: unknown } {
  const request = outgoing(component, 'request', [['a', bytesOf('b')]]);
  const set = (what: string, value: unknown): unknown =>
    component.ok(TYPES, `[method]outgoing-request.set-${what}`, request, value);
  set('method', { tag: method });
  set('scheme', { tag: 'HTTPS' });
  set('authority', 'api.example');
  set('path-with-query', '/v1?x=1');
  const sink = body === undefined ? undefined : bodyOf(component, 'request', request);
  const future = component.call('http/outgoing-handler', 'handle', request, undefined) as {
    tag: string;
    val?: unknown;
  }; // as WIT says
  if (sink !== undefined) {
    write(component, sink.stream, body ?? '');
    component.ok(TYPES, '[static]outgoing-body.finish', sink.body, undefined);
  }
  return future;
}

describe('a request that goes out', () => {
  const get = (component: HandComponent, future: unknown): unknown =>
    component.call(TYPES, '[method]future-incoming-response.get', future);

  it('is sent when its body is finished, and answered once', async () => {
    const { guest, component } = service();
    const future = send(component, 'put', 'hello').val;
    expect(guest.services.asks).toMatchObject([
      {
        kind: 'fetch',
        request: { method: 'PUT', url: 'https://api.example/v1?x=1', headers: [['a', 'b']] },
        again: false,
      },
    ]);
    const [ask] = guest.services.asks;
    expect(ask?.kind === 'fetch' && textOf(ask.body)).toBe('hello');
    expect(get(component, future)).toBeUndefined();
    const pollable = component.resource(TYPES, '[method]future-incoming-response.subscribe', future);
    const wait = component.waits('io/poll', '[method]pollable.block', pollable);
    expect(wait.wake).toBeUndefined();
    await guest.services.answer(ask!.ask, {
      ok: true,
      head: { status: 203, headers: [['c', 'd']] },
      body: bytesOf('world'),
    });
    await wait.promise;
    expect(component.call('io/poll', '[method]pollable.ready', pollable)).toBe(true);
    const answer = get(component, future) as { val: { val: Resource } }; // some(ok(ok(…)))
    const response = answer.val.val;
    expect(component.call(TYPES, '[method]incoming-response.status', response)).toBe(203);
    expect(read(component, inputOf(component, 'incoming-response', response))).toBe('world');
    expect(get(component, future)).toEqual({ tag: 'err' });
  });

  it('is broken off when who is answered has gone, as the answer is', async () => {
    const { guest, component } = service();
    const [, out] = asked({ guest, component }, '');
    const response = outgoing(component, 'response');
    const { stream } = bodyOf(component, 'response', response);
    component.call(TYPES, '[static]response-outparam.set', out, { tag: 'ok', val: response });
    write(component, stream, 'begun');
    const future = send(component, 'get').val as Resource; // as WIT says
    const pollable = component.resource(TYPES, '[method]future-incoming-response.subscribe', future);
    const wait = component.waits('io/poll', '[method]pollable.block', pollable);
    guest.host.cancel(1);
    await wait.promise;
    expect(guest.services.abandoned).toEqual([guest.services.asks[0]?.ask]);
    expect(get(component, future)).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'connection-terminated' } } });
    expect(component.err(STREAMS, '[method]output-stream.check-write', stream)).toEqual({ tag: 'closed' });
    expect(get(component, send(component, 'get').val as Resource)).toBeUndefined();
    expect(guest.services.asks).toHaveLength(1);
    expect(guest.host.endInput().output).toEqual(new Uint8Array());
  });

  it('needs a grant, a URL, and a host that has the network', async () => {
    const { component } = service(new HandGuest({ grants: {} }));
    const future = send(component, 'get').val;
    await Promise.resolve();
    await Promise.resolve();
    expect(get(component, future)).toEqual({ tag: 'ok', val: { tag: 'err', val: { tag: 'HTTP-request-denied' } } });
    expect(send(new HandComponent(), 'get')).toEqual({ tag: 'err', val: { tag: 'HTTP-request-denied' } });
    const request = outgoing(component, 'request');
    expect(component.err('http/outgoing-handler', 'handle', request, undefined)).toEqual({
      tag: 'HTTP-request-URI-invalid',
    });
  });

  it.each([
    ['get', true],
    ['post', false],
  ])('that was under way when it moved: %s', async (method, isAgain) => {
    const first = service();
    const future = send(first.component, method, 'x').val as Resource;
    const there = new HandGuest();
    const { moved, resources } = first.component.move([future], { http: there.host.http });
    expect(get(moved, resources[0])).toBeUndefined();
    await Promise.resolve();
    await Promise.resolve();
    if (isAgain) {
      const [before] = first.guest.services.asks;
      expect(there.services.asks).toMatchObject([
        { again: true, inputSeq: before?.inputSeq, ordinal: before?.ordinal },
      ]);
    } else {
      expect(there.services.asks).toEqual([]);
      expect(get(moved, resources[0])).toEqual({
        tag: 'ok',
        val: { tag: 'err', val: { tag: 'connection-terminated' } },
      });
    }
  });
});

describe('the state', () => {
  /** One of each kind, in the midst of things. */
  function everything(): { service: Service; resources: Resource[] } {
    const { guest, component } = service();
    const [request, out] = asked({ guest, component }, 'a body');
    const input = inputOf(component, 'incoming-request', request!);
    component.ok(STREAMS, '[method]input-stream.read', input, 2n);
    const response = outgoing(component, 'response', [['x', bytesOf('y')]]);
    const { body, stream } = bodyOf(component, 'response', response);
    write(component, stream, 'held');
    const future = send(component, 'get').val as Resource; // as WIT says
    const options = component.resource(TYPES, '[constructor]request-options');
    component.ok(TYPES, '[method]request-options.set-connect-timeout', options, 5n);
    const [other] = component.host.argumentsOf?.(HANDLER_EXPORT) ?? [];
    const finished = component.ok(TYPES, '[method]incoming-request.consume', other);
    const trailers = component.resource(TYPES, '[static]incoming-body.finish', finished);
    const pollables = [
      component.resource(TYPES, '[method]future-incoming-response.subscribe', future),
      component.resource(STREAMS, '[method]input-stream.subscribe', input),
      component.resource(TYPES, '[method]future-trailers.subscribe', trailers),
    ];
    const sent = outgoing(component, 'request');
    return {
      service: { guest, component },
      resources: [request!, out!, input, response, body, stream, future, options, trailers, sent, ...pollables],
    };
  }

  it('has every resource as it was, and which are of the same', () => {
    const { service: before, resources } = everything();
    const { moved, resources: after } = before.component.move(resources);
    expect(moved.host.snapshot(after)).toEqual(before.component.host.snapshot(resources));
    const [, , input, response, body, stream] = after as readonly (Resource & Record<string, unknown>)[];
    expect([response?.['body'], stream?.['body']]).toEqual([body, body]);
    expect(response?.['body']).toBe(body);
    expect((after.at(-2) as unknown as { stream: unknown }).stream).toBe(input);
  });

  it('is refused with the field that is damaged', () => {
    const { service: before, resources } = everything();
    const state = before.component.host.snapshot(resources) as { resources: Record<string, unknown>[] };
    let refused = 0;
    state.resources.forEach((resource, index) => {
      for (const field of Object.keys(resource)) {
        if (resource[field] === null) continue; // one that may be left out
        for (const value of [Number.NaN, { strange: true }]) {
          const damaged = {
            ...state,
            resources: state.resources.map((each, at) => (at === index ? { ...each, [field]: value } : each)),
          };
          const path = `resources[${index}]`;
          expect(() => new HandComponent().host.restore(damaged), `${path}.${field}`).toThrowError(
            expect.objectContaining({
              code: expect.stringMatching(/^SNAPSHOT_/) as unknown,
              message: expect.stringContaining(path) as unknown,
            }) as Error,
          );
          refused++;
        }
      }
    });
    expect(refused).toBeGreaterThan(60);
  });
});
