import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { ALL_GRANTS, CALL_NAMES, code, HandGuest, input } from '../../../test/abi/hand-guest.ts';
import { createWorker, loadModule } from '../../engine/index.ts';
import { decodeModule, typeText } from '../../wasm/index.ts';
import { WASM_TYPES } from './bind-calls.ts';
import { HOST_CALLS, type HostCallRow } from './host-call-table.ts';

const OUT = 65_536;

describe('a module with every call of version 1', async () => {
  const bytes = await readFile(new URL('../../../test/vectors/abi/calls.wasm', import.meta.url));

  test('has imports that the host still has, with the same types', () => {
    const { imports, types } = decodeModule(bytes);
    const found = imports.map(({ module, name, desc }) => {
      const type = desc.kind === 'func' ? types[desc.typeIndex]?.composite : undefined;
      return type?.kind === 'func' ? [module, name, type.params.map(typeText), type.results.map(typeText)] : [];
    });
    const today: Readonly<Record<string, HostCallRow>> = HOST_CALLS;
    const expected = imports.map(({ name }) => {
      const { params = [], result } = today[name] ?? {};
      return [
        'pluvio_v1',
        name,
        params.flatMap(({ type }) => [...WASM_TYPES[type]]),
        [result === 'ns' ? 'i64' : 'i32'],
      ];
    });
    expect(found).toHaveLength(45);
    expect(found).toEqual(expected);
  });

  test('is linked, and its calls do what they did', async () => {
    const { host } = new HandGuest();
    const worker = await createWorker(await loadModule(bytes), { hosts: [host] });
    expect(await worker.call('probe', [])).toEqual({ kind: 'returned', values: [4] });
  });
});

describe('capabilities', () => {
  const guarded = CALL_NAMES.filter((name) => (HOST_CALLS[name] as HostCallRow).capability !== undefined);

  test('most calls need one, and nothing is granted by default', () => {
    expect(guarded.length).toBeGreaterThan(25);
    const guest = new HandGuest({ grants: {} });
    for (const name of guarded) expect([name, guest.raw(name, 0, 0, 0, 0, 0, 0)]).toEqual([name, code('DENIED')]);
  });

  test.each(guarded)('%s needs no other one', (name) => {
    const capability = (HOST_CALLS[name] as HostCallRow).capability ?? '';
    const only = new HandGuest({ grants: { [capability]: ALL_GRANTS[capability] ?? [] } });
    const { [capability]: _, ...rest } = ALL_GRANTS;
    expect(new HandGuest({ grants: rest }).raw(name, 0, 0, 0, 0, 0, 0)).toBe(code('DENIED'));
    expect(only.raw(name, 0, 0, 0n, 0, 0, 0)).not.toBe(code('DENIED'));
    only.host.close();
  });

  test.each([
    ['send', 'mailbox.send', ['a', 'b'], 'a', 'c'],
    ['config_get', 'config', ['a'], 'a', 'ab'],
    ['secret_get', 'secrets', ['a'], 'a', 'ab'],
    ['publish', 'topics.publish', ['news.*', 'all'], 'news.today', 'new'],
    ['subscribe', 'topics.subscribe', ['news.*'], 'news.', 'news'],
  ] as const)('%s is restricted by scopes', (name, capability, scopes, covered, other) => {
    const guest = new HandGuest({ grants: { [capability]: scopes } });
    expect(guest.call(name, covered, ...(name === 'send' || name === 'publish' ? ['body'] : []))).not.toBe(
      code('DENIED'),
    );
    expect(guest.call(name, other, ...(name === 'send' || name === 'publish' ? ['body'] : []))).toBe(code('DENIED'));
    expect(guest.services.effects.length).toBeLessThanOrEqual(1);
  });

  test('scopes that a capability does not have are refused', () => {
    expect(() => new HandGuest({ grants: { kv: ['x'] } })).toThrow(/cannot grant kv with the scope "x"/);
    expect(() => new HandGuest({ grants: { 'topics.publish': ['a*b'] } })).toThrow(/topics\.publish/);
    expect(() => new HandGuest({ grants: { 'http.outbound': ['ftp://x'] } })).toThrow(/http\.outbound/);
    expect(() => new HandGuest({ grants: { 'files.read': ['of another host'] } })).not.toThrow();
  });
});

describe('registers', () => {
  test('are read in parts', () => {
    const guest = new HandGuest({ config: { greeting: 'good morning' } });
    expect(guest.call('result_length')).toBe(code('NOT_FOUND'));
    expect(guest.raw('result_read', OUT, 10, 0)).toBe(code('NOT_FOUND'));
    expect(guest.call('config_get', 'greeting')).toBe(12);
    expect(guest.call('result_length')).toBe(12);
    expect(guest.raw('result_read', OUT, 4, 5)).toBe(4);
    expect(new TextDecoder().decode(new Uint8Array(guest.memory.buffer, OUT, 4))).toBe('morn');
    expect([guest.read('result_read', 5), guest.read('result_read', 12), guest.read('result_read', 99)]).toEqual([
      'morning',
      '',
      '',
    ]);
    expect(guest.call('config_get', 'toString')).toBe(code('NOT_FOUND'));
    expect(guest.moved().result()).toBe('good morning');
  });

  test('a secret is in no snapshot and no log', () => {
    const guest = new HandGuest();
    guest.services.secrets.set('token', 'hunter22');
    expect(guest.call('secret_get', 'none')).toBe(code('NOT_FOUND'));
    expect(guest.call('secret_get', 'token')).toBe(8);
    expect(guest.result()).toBe('hunter22');
    const twin = guest.moved();
    expect([guest.stateText(), twin.stateText()].filter((text) => text.includes('hunter22'))).toEqual([]);
    expect(guest.stateText()).toContain('token');
    expect(twin.call('log', 2, 'it is hunter22!', '{"hunter22":["x hunter22 y",1]}')).toBe(0);
    expect(twin.services.logs).toEqual([
      { level: 'info', message: 'it is ***!', fields: { '***': ['x *** y', 1] }, inputSeq: 0 },
    ]);
    guest.services.secrets.set('token', 'changed');
    expect(twin.result()).toBe('changed');
    guest.services.secrets.delete('token');
    expect(twin.call('result_length')).toBe(code('NOT_FOUND'));
  });
});

describe('calls of an export', () => {
  test('have input, description and output', () => {
    const guest = new HandGuest();
    expect(guest.call('output_write', 'x')).toBe(code('STATE'));
    expect(guest.call('input_length')).toBe(code('NOT_FOUND'));
    const caller = { kind: 'client', name: 'ada', tenant: 't' } as const;
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(guest.host.beginInput(input(1, 'hello', { kind: 'http', caller, traceparent, method: 'POST' }))).toBe(true);
    expect([guest.call('input_length'), guest.read('input_read', 1)]).toEqual([5, 'ello']);
    guest.call('message_info');
    expect(guest.json()).toEqual({ id: 'k1', kind: 'http', caller, traceparent, method: 'POST' });
    guest.call('caller_info');
    expect(guest.json()).toEqual(caller);
    guest.call('trace_context');
    expect(guest.result()).toBe(traceparent);
    expect([
      guest.call('output_write', 'one, '),
      guest.call('output_head', '{"status":201,"headers":[["x-a","b"]]}'),
    ]).toEqual([0, 0]);
    const twin = guest.moved();
    expect(twin.call('output_write', 'two')).toBe(0);
    expect(twin.call('publish', 'topic', 'body')).toBe(0);
    const ended = twin.host.endInput();
    expect(new TextDecoder().decode(ended.output)).toBe('one, two');
    expect(ended).toMatchObject({
      seq: 1,
      head: { status: 201, headers: [['x-a', 'b']] },
      effectsUsed: 1,
      message: undefined,
    });
    expect(twin.services.effects).toMatchObject([{ kind: 'publish', inputSeq: 1, ordinal: 0, traceparent }]);
    expect(twin.call('input_length')).toBe(code('NOT_FOUND'));
  });

  test('a head that is none is refused', () => {
    const guest = new HandGuest();
    guest.host.beginInput(input(1));
    for (const head of [
      '{"status":99}',
      '{"headers":[["a b","c"]]}',
      '{"headers":[["a","b\\r\\nc: d"]]}',
      '[]',
      '{',
      '7',
    ]) {
      expect([head, guest.call('output_head', head)]).toEqual([head, code('INVALID')]);
    }
    expect(guest.host.endInput().head).toBeUndefined();
  });

  test('one at a time, each once', () => {
    const guest = new HandGuest();
    expect(guest.host.beginInput(input(1))).toBe(true);
    expect(() => guest.host.beginInput(input(2))).toThrow(/input 1 is in progress/);
    guest.host.endInput();
    expect(guest.host.beginInput(input(1))).toBe(false);
    expect(() => guest.host.beginInput(input(-1))).toThrow(/from 1 on/);
    expect(() => guest.host.endInput()).toThrow(/no input was begun/);
  });
});

describe('log', () => {
  test('levels, fields, what is refused', () => {
    const guest = new HandGuest();
    for (const level of [0, 1, 2, 3, 4]) expect(guest.call('log', level, 'm', '')).toBe(0);
    expect(guest.services.logs.map(({ level }) => level)).toEqual(['trace', 'debug', 'info', 'warn', 'error']);
    expect(guest.call('log', 5, 'm', '')).toBe(code('INVALID'));
    expect(guest.call('log', 2, new Uint8Array([0xff]), '')).toBe(code('INVALID'));
    expect(guest.call('log', 2, 'm', '[1]')).toBe(code('INVALID'));
    expect(guest.call('log', 2, 'm', `{"a":${'['.repeat(16)}${']'.repeat(16)}}`)).toBe(code('INVALID'));
    expect(guest.call('log', 2, 'm', `{"a":${'['.repeat(15)}${']'.repeat(15)}}`)).toBe(0);
  });
});

test('identity, clock and randomness', () => {
  const guest = new HandGuest({ self: { name: 'me', tenant: 't', node: 'n' } });
  guest.call('self_info');
  expect(guest.json()).toEqual({ name: 'me', tenant: 't', node: 'n' });
  expect(guest.call('time_now')).toBe(BigInt(guest.services.nowMs) * 1_000_000n);
  expect(guest.raw('random', OUT, 3)).toBe(0);
  expect([...new Uint8Array(guest.memory.buffer, OUT, 3)]).toEqual([1, 2, 3]);
});
