/** That the functions of WASI 0.2 are those of its WIT, and give values of its types. `HandComponent` checks the values. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GuestExit } from '../../runtime/engine/pending.ts';
import { FUNCTION_TYPES } from '../../runtime/host/wasi2/function-types.ts';
import type { Resource } from '../../runtime/host/component/component-host.ts';
import { bytesOf, HandComponent } from './hand-component.ts';
import { FUNCTION_TYPES_FILE, functionTypesFile } from './function-types.ts';
import { WASI_TYPES } from './wasi-types.ts';

if (WASI_TYPES === undefined && process.env['CI'] === 'true') throw new Error('npm has no WIT of WASI 0.2');
const test = it.skipIf(WASI_TYPES === undefined);

/** What components export, and what WIT calls unstable. */
const NOT_HOSTS = ['wasi:cli/run@0.2', 'wasi:http/incoming-handler@0.2', 'wasi:clocks/timezone@0.2'];

const namesIn = (interfaces: HandComponent['host']['interfaces']): string[] =>
  Object.entries(interfaces).flatMap(([of, functions]) => Object.keys(functions).map((name) => `${of} ${name}`));

test('the functions are those of WIT, no more and no fewer', () => {
  const expected = [...(WASI_TYPES ?? new Map<string, unknown>()).keys()].filter(
    (name) => !NOT_HOSTS.some((of) => name.startsWith(`${of} `)),
  );
  expect(expected.length).toBeGreaterThan(150);
  expect(namesIn(new HandComponent().host.interfaces).sort()).toEqual(expected.sort());
});

test('the table of their types is what WIT gives, and has all of them', async () => {
  expect(await functionTypesFile(WASI_TYPES ?? new Map<string, never>())).toBe(
    readFileSync(FUNCTION_TYPES_FILE, 'utf8'),
  );
  for (const name of namesIn(new HandComponent().host.interfaces)) {
    const [of = '', func = ''] = name.split(' ');
    expect(FUNCTION_TYPES[of]?.[func], name).toMatch(/^\(/);
  }
});

describe('values are of their types', () => {
  test.each([
    ['cli/environment', 'get-arguments', ['x']],
    ['cli/environment', 'get-environment', [['A', 'b']]],
    ['cli/environment', 'initial-cwd', undefined],
    ['clocks/monotonic-clock', 'now', 0n],
    ['clocks/monotonic-clock', 'resolution', 100_000n],
    ['clocks/wall-clock', 'now', { seconds: 7n, nanoseconds: 5 }],
    ['clocks/wall-clock', 'resolution', { seconds: 0n, nanoseconds: 100_000 }],
    ['random/random', 'get-random-u64', 0x0909_0909_0909_0909n],
    ['random/insecure', 'get-insecure-random-u64', 0x0909_0909_0909_0909n],
    ['random/insecure-seed', 'insecure-seed', [0x0909_0909_0909_0909n, 0x0909_0909_0909_0909n]],
  ])('%s %s', (of, name, expected) => {
    const component = new HandComponent({
      args: ['x'],
      env: { A: 'b' },
      clock: { realtimeNs: () => 7_000_000_005n, monotonicNs: () => 3n },
      random: (bytes) => void bytes.fill(9),
    });
    expect(component.call(of, name)).toEqual(expected);
  });

  test.each(['terminal-stdin', 'terminal-stdout', 'terminal-stderr'])('cli/%s', (name) => {
    const resource = name === 'terminal-stdin' ? 'terminal-input' : 'terminal-output';
    expect(new HandComponent().call(`cli/${name}`, `get-${name}`)).toMatchObject({
      resource: `wasi:cli/${resource}@0.2/${resource}`,
    });
    expect(new HandComponent({ terminal: false }).call(`cli/${name}`, `get-${name}`)).toBeUndefined();
  });

  test('random bytes, instants, exits', () => {
    const component = new HandComponent({ random: (bytes) => void bytes.fill(1) });
    expect(component.call('random/random', 'get-random-bytes', 2n)).toEqual(new Uint8Array([1, 1]));
    expect(component.call('random/insecure', 'get-insecure-random-bytes', 0n)).toEqual(new Uint8Array());
    const instant = component.call('clocks/monotonic-clock', 'subscribe-instant', 0n);
    expect(component.call('io/poll', '[method]pollable.ready', instant)).toBe(true);
    expect(() => component.call('cli/exit', 'exit', { tag: 'err' })).toThrow(GuestExit);
    expect(() => component.call('cli/exit', 'exit-with-code', 255)).toThrow(GuestExit);
  });

  test('heads of HTTP, and what they are made of', () => {
    const component = new HandComponent();
    const call = (name: string, ...args: readonly unknown[]): unknown => component.call('http/types', name, ...args);
    const entries = [['a', bytesOf('b')]];
    const fields = (): unknown => component.ok('http/types', '[static]fields.from-list', entries);
    const request = call('[constructor]outgoing-request', fields());
    const getters = ['method', 'path-with-query', 'scheme', 'authority'];
    const told = (): unknown[] => getters.map((name) => call(`[method]outgoing-request.${name}`, request));
    expect(told()).toEqual([{ tag: 'get' }, undefined, undefined, undefined]);
    for (const [name, value] of [
      ['method', { tag: 'other', val: 'PURGE' }],
      ['path-with-query', '/a?b'],
      ['scheme', { tag: 'other', val: 'ftp' }],
      ['authority', 'example.org'],
    ] as const) {
      component.ok('http/types', `[method]outgoing-request.set-${name}`, request, value);
    }
    expect(told()).toEqual([{ tag: 'other', val: 'PURGE' }, '/a?b', { tag: 'other', val: 'ftp' }, 'example.org']);
    const response = call('[constructor]outgoing-response', fields());
    expect(call('[method]outgoing-response.status-code', response)).toBe(200);
    for (const headers of [
      call('[method]outgoing-request.headers', request),
      call('[method]outgoing-response.headers', response),
      call('[method]fields.clone', fields()),
    ]) {
      expect(call('[method]fields.entries', headers)).toEqual(entries);
    }
    const options = call('[constructor]request-options');
    for (const name of ['connect-timeout', 'first-byte-timeout', 'between-bytes-timeout']) {
      expect(call(`[method]request-options.${name}`, options)).toBeUndefined();
      component.ok('http/types', `[method]request-options.set-${name}`, options, 5n);
      expect(call(`[method]request-options.${name}`, options)).toBe(5n);
    }
  });
});

test('methods of sockets, which nobody is given, trap', () => {
  const { interfaces } = new HandComponent().host;
  const methods = namesIn(interfaces).filter((name) => name.startsWith('wasi:sockets/') && name.includes('[method]'));
  expect(methods).toHaveLength(48);
  for (const name of methods) {
    const [of = '', method = ''] = name.split(' ');
    expect(() => interfaces[of]?.[method]?.(), name).toThrow(WebAssembly.RuntimeError);
  }
});

test('an error of a file is none of the network, or of HTTP', async () => {
  const component = new HandComponent({ stdout: () => Promise.reject(new Error('full')) });
  const stream = component.resource('cli/stdout', 'get-stdout');
  component.ok('io/streams', '[method]output-stream.blocking-write-and-flush', stream, bytesOf('x'));
  await component.waits('io/streams', '[method]output-stream.blocking-flush', stream).promise;
  const reason = component.err('io/streams', '[method]output-stream.flush', stream) as { readonly val: Resource }; // as WIT says
  expect(component.call('sockets/network', 'network-error-code', reason.val)).toBeUndefined();
  expect(component.call('http/types', 'http-error-code', reason.val)).toBeUndefined();
  expect(component.call('filesystem/types', 'filesystem-error-code', reason.val)).toBe('io');
});
