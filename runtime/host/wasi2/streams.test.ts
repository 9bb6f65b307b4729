import { describe, expect, it, test } from 'vitest';
import { bytesOf, HandComponent, textOf } from '../../../test/wasi2/hand-component.ts';
import { lateSource } from '../../../test/wasi2/late-source.ts';
import type { Resource } from '../component/component-host.ts';

const STREAMS = 'io/streams';
const stdin = (component: HandComponent): Resource => component.resource('cli/stdin', 'get-stdin');
const stdout = (component: HandComponent): Resource => component.resource('cli/stdout', 'get-stdout');

/** An output that takes bytes when the test says so. */
function slowOutput(): {
  accept: (bytes: Uint8Array) => Promise<void>;
  text: () => string;
  release: () => void;
  fail: () => void;
} {
  const pieces: Uint8Array[] = [];
  let held = Promise.withResolvers<void>();
  const settle = (how: 'resolve' | 'reject'): void => {
    held[how](undefined);
    held = Promise.withResolvers();
  };
  return {
    accept: (bytes) => {
      pieces.push(bytes.slice());
      return held.promise;
    },
    text: () => Buffer.concat(pieces).toString(),
    release: () => settle('resolve'),
    fail: () => settle('reject'),
  };
}

describe('standard input', () => {
  const read = (component: HandComponent, stream: Resource, most = 100n): unknown =>
    component.ok(STREAMS, '[method]input-stream.read', stream, most);

  it('is read as far as it has come, skipped, and ends', () => {
    const component = new HandComponent({ stdin: 'one two three' });
    const stream = stdin(component);
    expect(textOf(read(component, stream, 4n))).toBe('one ');
    expect(component.ok(STREAMS, '[method]input-stream.skip', stream, 4n)).toBe(4n);
    expect(read(component, stream, 0n)).toEqual(new Uint8Array());
    expect(textOf(component.ok(STREAMS, '[method]input-stream.blocking-read', stream, 2n ** 64n - 1n))).toBe('three');
    for (const name of ['read', 'blocking-read', 'skip', 'blocking-skip']) {
      expect(component.err(STREAMS, `[method]input-stream.${name}`, stream, 1n)).toEqual({ tag: 'closed' });
    }
  });

  it('that comes late is waited for, and is there after a move', async () => {
    const { source, give, end } = lateSource();
    const component = new HandComponent({ stdin: source });
    const stream = stdin(component);
    const pollable = component.resource(STREAMS, '[method]input-stream.subscribe', stream);
    expect(component.call('io/poll', '[method]pollable.ready', pollable)).toBe(false);
    const wait = component.waits(STREAMS, '[method]input-stream.blocking-read', stream, 3n);
    expect(wait.wake).toEqual({ input: true });
    give('abcdef');
    await wait.promise;
    expect(component.call('io/poll', 'poll', [pollable])).toEqual([0]);
    expect(textOf(component.ok(STREAMS, '[method]input-stream.blocking-read', stream, 3n))).toBe('abc');
    end();
    const { moved, resources } = component.move([stream, pollable], { stdin: 'ghi' });
    const [there, poll] = resources;
    expect(textOf(read(moved, there!))).toBe('defghi');
    expect((poll as unknown as { stream: unknown }).stream).toBe(there);
  });

  it('that fails says so', async () => {
    const source = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('torn')) });
    const component = new HandComponent({ stdin: source });
    const stream = stdin(component);
    await component.waits(STREAMS, '[method]input-stream.blocking-read', stream, 3n).promise;
    const reason = component.err(STREAMS, '[method]input-stream.read', stream, 3n) as { val: Resource };
    expect(component.call('io/error', '[method]error.to-debug-string', reason.val)).toBe('io');
    expect(component.call('filesystem/types', 'filesystem-error-code', reason.val)).toBe('io');
  });

  it('that has failed is closed, also after a move', async () => {
    const source = new ReadableStream<Uint8Array>({ pull: () => Promise.reject(new Error('torn')) });
    const component = new HandComponent({ stdin: source });
    const stream = stdin(component);
    await component.waits(STREAMS, '[method]input-stream.blocking-read', stream, 3n).promise;
    expect(component.err(STREAMS, '[method]input-stream.skip', stream, 3n)).toMatchObject({
      tag: 'last-operation-failed',
    });
    expect(component.err(STREAMS, '[method]input-stream.read', stream, 3n)).toEqual({ tag: 'closed' });
    const { moved, resources } = component.move([stream], { stdin: 'from another source' });
    expect(moved.err(STREAMS, '[method]input-stream.blocking-read', resources[0], 3n)).toEqual({ tag: 'closed' });
  });
});

describe('standard output', () => {
  const write = (component: HandComponent, stream: Resource, text: string): unknown =>
    component.ok(STREAMS, '[method]output-stream.write', stream, bytesOf(text));

  it('takes what was allowed, and no more', () => {
    const pieces: string[] = [];
    const component = new HandComponent({ stdout: (bytes) => void pieces.push(textOf(bytes)) });
    const stream = stdout(component);
    expect(() => write(component, stream, 'a')).toThrow(/check-write has allowed 0/);
    const allowed = Number(component.ok(STREAMS, '[method]output-stream.check-write', stream));
    write(component, stream, 'abc');
    component.ok(STREAMS, '[method]output-stream.write-zeroes', stream, BigInt(allowed - 3));
    expect(() => write(component, stream, 'a')).toThrow(WebAssembly.RuntimeError);
    component.ok(STREAMS, '[method]output-stream.flush', stream);
    expect(pieces[0]).toBe('abc');
    expect(pieces[1]).toHaveLength(allowed - 3);
  });

  it.each(['blocking-write-and-flush', 'blocking-write-zeroes-and-flush'])(
    '%s takes 4096 bytes, not one more',
    (name) => {
      const component = new HandComponent();
      const stream = stdout(component);
      const given = (bytes: number): unknown => (name.includes('zeroes') ? BigInt(bytes) : new Uint8Array(bytes));
      expect(component.ok(STREAMS, `[method]output-stream.${name}`, stream, given(4096))).toBeUndefined();
      expect(() => component.call(STREAMS, `[method]output-stream.${name}`, stream, given(4097))).toThrow(
        /at most 4096/,
      );
    },
  );

  it('that pushes back is waited for, and nothing is written twice', async () => {
    const { accept, text, release } = slowOutput();
    const component = new HandComponent({ stdout: accept });
    const stream = stdout(component);
    const pollable = component.resource(STREAMS, '[method]output-stream.subscribe', stream);
    component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf('one '));
    expect(component.ok(STREAMS, '[method]output-stream.check-write', stream)).toBe(0n);
    expect(component.waits('io/poll', '[method]pollable.block', pollable).wake).toBeUndefined();
    const wait = component.waits(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf('two'));
    expect(text()).toBe('one ');
    release();
    await wait.promise;
    component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf('two'));
    expect(text()).toBe('one two');
    const flush = component.waits(STREAMS, '[method]output-stream.blocking-flush', stream);
    release();
    await flush.promise;
    component.ok(STREAMS, '[method]output-stream.blocking-flush', stream);
  });

  it('that fails says so once, and is closed', async () => {
    const { accept, fail } = slowOutput();
    const component = new HandComponent({ stdout: accept });
    const stream = stdout(component);
    component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf('lost'));
    const wait = component.waits(STREAMS, '[method]output-stream.blocking-flush', stream);
    fail();
    await wait.promise;
    expect(component.err(STREAMS, '[method]output-stream.blocking-flush', stream)).toMatchObject({
      tag: 'last-operation-failed',
    });
    expect(component.err(STREAMS, '[method]output-stream.check-write', stream)).toEqual({ tag: 'closed' });
    const { moved, resources } = component.move([stream]);
    expect(moved.err(STREAMS, '[method]output-stream.check-write', resources[0])).toEqual({ tag: 'closed' });
  });
});

test('splice moves what is there, and waits for both', async () => {
  const { source, give } = lateSource();
  const pieces: string[] = [];
  const component = new HandComponent({ stdin: source, stdout: (bytes) => void pieces.push(textOf(bytes)) });
  const [from, to] = [stdin(component), stdout(component)];
  const wait = component.waits(STREAMS, '[method]output-stream.blocking-splice', to, from, 5n);
  give('hello world');
  await wait.promise;
  expect(component.ok(STREAMS, '[method]output-stream.blocking-splice', to, from, 5n)).toBe(5n);
  expect(component.ok(STREAMS, '[method]output-stream.splice', to, from, 2n ** 40n)).toBe(6n);
  expect(pieces.join('')).toBe('hello world');
});

test('the network is there, and refused', () => {
  const component = new HandComponent();
  const network = component.resource('sockets/instance-network', 'instance-network');
  expect(network.resource).toBe('wasi:sockets/network@0.2/network');
  for (const [of, name, ...args] of [
    ['sockets/tcp-create-socket', 'create-tcp-socket', 'ipv4'],
    ['sockets/udp-create-socket', 'create-udp-socket', 'ipv6'],
    ['sockets/ip-name-lookup', 'resolve-addresses', network, 'example.org'],
  ] as const) {
    expect(component.err(of, name, ...args)).toBe('access-denied');
  }
});
