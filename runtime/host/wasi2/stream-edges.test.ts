/** Streams where they end, are empty, are asked for too much, or are not waited for. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { bytesOf, HandComponent, textOf } from '../../../test/wasi2/hand-component.ts';
import { lateSource } from '../../../test/wasi2/late-source.ts';
import type { Resource } from '../component/component-host.ts';

const STREAMS = 'io/streams';
const TYPES = 'filesystem/types';
const U64_MAX = 2n ** 64n - 1n;

const stdin = (component: HandComponent): Resource => component.resource('cli/stdin', 'get-stdin');
const stdout = (component: HandComponent): Resource => component.resource('cli/stdout', 'get-stdout');

/** A stream of a new file, and the file. */
function fileStream(component: HandComponent, method: string, ...args: readonly unknown[]): [Resource, Resource] {
  const [[root] = []] = component.call('filesystem/preopens', 'get-directories') as [Resource, string][]; // as WIT says
  const open = { create: true, directory: false, exclusive: false, truncate: false };
  const access = { read: true, write: true, mutateDirectory: false };
  const file = component.ok(TYPES, '[method]descriptor.open-at', root, { symlinkFollow: true }, 'f', open, access);
  const stream = component.ok(TYPES, `[method]descriptor.${method}`, file, ...args);
  return [stream as Resource, file as Resource]; // as WIT says
}

const checkWrite = (component: HandComponent, stream: Resource): unknown =>
  component.ok(STREAMS, '[method]output-stream.check-write', stream);
const write = (component: HandComponent, stream: Resource, bytes: Uint8Array): unknown =>
  component.ok(STREAMS, '[method]output-stream.write', stream, bytes);
const splice = (component: HandComponent, to: Resource, from: Resource, most: bigint): unknown =>
  component.ok(STREAMS, '[method]output-stream.splice', to, from, most);

/** An output that has failed, and said so. */
function failedOutput(component: HandComponent): Resource {
  const stream = stdout(component);
  component.err(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf('x'));
  return stream;
}

const throwing = (): never => {
  throw new Error('full');
};

describe('standard input', () => {
  it('that is asked for and never waited for comes, too', async () => {
    const { source, give } = lateSource();
    const component = new HandComponent({ stdin: source });
    const stream = stdin(component);
    const pollable = component.resource(STREAMS, '[method]input-stream.subscribe', stream);
    const now = component.resource('clocks/monotonic-clock', 'subscribe-duration', 0n);
    give('key');
    expect(component.call('io/poll', 'poll', [pollable, now])).toEqual([1]);
    await nextTurn();
    expect(component.call('io/poll', 'poll', [pollable, now])).toEqual([0, 1]);
    expect(textOf(component.ok(STREAMS, '[method]input-stream.read', stream, U64_MAX))).toBe('key');
    expect(component.call('io/poll', '[method]pollable.ready', pollable)).toBe(false);
    give('again');
    await nextTurn();
    expect(component.call('io/poll', '[method]pollable.ready', pollable)).toBe(true);
  });

  it('is waited for once: a wait ends the one before it', async () => {
    const { source, give } = lateSource();
    const component = new HandComponent({ stdin: source });
    const stream = stdin(component);
    const pollable = component.resource(STREAMS, '[method]input-stream.subscribe', stream);
    const waits = [
      component.waits('io/poll', '[method]pollable.block', pollable),
      component.waits('io/poll', 'poll', [pollable, pollable]),
      component.waits(STREAMS, '[method]input-stream.blocking-skip', stream, 1n),
    ];
    await Promise.all([waits[0]?.promise, waits[1]?.promise]); // nothing has come
    expect(component.call('io/poll', '[method]pollable.ready', pollable)).toBe(false);
    give('x');
    await waits[2]?.promise;
    expect(component.ok(STREAMS, '[method]input-stream.blocking-skip', stream, U64_MAX)).toBe(1n);
  });

  it('with nothing in it ends at once, and reading nothing says nothing', () => {
    const component = new HandComponent({ stdin: '' });
    const stream = stdin(component);
    const pollable = component.resource(STREAMS, '[method]input-stream.subscribe', stream);
    expect(component.call('io/poll', '[method]pollable.block', pollable)).toBeUndefined();
    expect(component.ok(STREAMS, '[method]input-stream.read', stream, 0n)).toEqual(new Uint8Array());
    expect(component.err(STREAMS, '[method]input-stream.read', stream, 1n)).toEqual({ tag: 'closed' });
  });
});

describe('a stream of a file', () => {
  it('gives at most a mebibyte at once, whatever is asked for', () => {
    const component = new HandComponent({ files: { f: new Uint8Array(2 ** 20 + 1) } });
    const [stream] = fileStream(component, 'read-via-stream', 0n);
    expect(component.ok(STREAMS, '[method]input-stream.read', stream, U64_MAX)).toHaveLength(2 ** 20);
    expect(component.ok(STREAMS, '[method]input-stream.skip', stream, U64_MAX)).toBe(1n);
    expect(component.err(STREAMS, '[method]input-stream.skip', stream, 1n)).toEqual({ tag: 'closed' });
  });

  it('sees what is written behind its end', () => {
    const component = new HandComponent();
    const [input, file] = fileStream(component, 'read-via-stream', 2n);
    expect(component.err(STREAMS, '[method]input-stream.blocking-read', input, 1n)).toEqual({ tag: 'closed' });
    component.ok(TYPES, '[method]descriptor.write', file, bytesOf('abc'), 0n);
    expect(textOf(component.ok(STREAMS, '[method]input-stream.blocking-read', input, 9n))).toBe('c');
  });

  it('two that append go to the end, wherever that is', () => {
    const component = new HandComponent();
    const [first, file] = fileStream(component, 'append-via-stream');
    const second = component.ok(TYPES, '[method]descriptor.append-via-stream', file) as Resource; // as WIT says
    for (const [stream, text] of [
      [first, 'a'],
      [second, 'b'],
      [first, 'c'],
    ] as const) {
      component.ok(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf(text));
    }
    component.ok(TYPES, '[method]descriptor.set-size', file, 1n);
    component.ok(STREAMS, '[method]output-stream.blocking-write-zeroes-and-flush', second, 2n);
    expect(component.ok(TYPES, '[method]descriptor.read', file, 9n, 0n)).toEqual([bytesOf('a\0\0'), true]);
  });

  it('beyond what a file can have fails, and closes it', () => {
    const component = new HandComponent();
    const [stream] = fileStream(component, 'write-via-stream', BigInt(Number.MAX_SAFE_INTEGER));
    const reason = component.err(STREAMS, '[method]output-stream.blocking-write-and-flush', stream, bytesOf('xy'));
    const { val } = reason as { readonly val: Resource };
    expect(component.call(TYPES, 'filesystem-error-code', val)).toBe('insufficient-space');
    expect(component.err(STREAMS, '[method]output-stream.flush', stream)).toEqual({ tag: 'closed' });
  });
});

describe('a permit', () => {
  it('is of one stream, used up by writing, and given anew', () => {
    const component = new HandComponent();
    const [first, second] = [stdout(component), stdout(component)];
    expect(checkWrite(component, first)).toBe(65536n);
    expect(() => write(component, second, bytesOf('x'))).toThrow(WebAssembly.RuntimeError);
    write(component, first, new Uint8Array(65535));
    expect(() => write(component, first, bytesOf('xy'))).toThrow(/cannot write 2 bytes: check-write has allowed 1/u);
    write(component, first, bytesOf('x'));
    write(component, first, new Uint8Array());
    expect(() => write(component, first, bytesOf('x'))).toThrow(WebAssembly.RuntimeError);
    expect(checkWrite(component, first)).toBe(65536n);
  });

  it('goes on after a move', () => {
    const component = new HandComponent();
    const stream = stdout(component);
    checkWrite(component, stream);
    write(component, stream, new Uint8Array(65534));
    const { moved, resources } = component.move([stream]);
    expect(() => write(moved, resources[0]!, bytesOf('xyz'))).toThrow(WebAssembly.RuntimeError);
    write(moved, resources[0]!, bytesOf('xy'));
  });

  it.each([65537n, 2n ** 32n, U64_MAX])('does not allow %d zeroes', (count) => {
    const component = new HandComponent();
    const stream = stdout(component);
    checkWrite(component, stream);
    expect(() => component.call(STREAMS, '[method]output-stream.write-zeroes', stream, count)).toThrow(
      /must be at most 65536/u,
    );
  });
});

describe('an output that is closed', () => {
  it('says so to everything', () => {
    const component = new HandComponent({ stdin: 'x', stdout: throwing });
    const stream = failedOutput(component);
    for (const [name, ...args] of [
      ['check-write'],
      ['write', bytesOf('x')],
      ['write-zeroes', 1n],
      ['flush'],
      ['blocking-flush'],
      ['blocking-write-and-flush', bytesOf('x')],
      ['blocking-write-zeroes-and-flush', 1n],
      ['splice', stdin(component), 1n],
      ['blocking-splice', stdin(component), 1n],
    ] as const) {
      expect(component.err(STREAMS, `[method]output-stream.${name}`, stream, ...args), name).toEqual({ tag: 'closed' });
    }
    expect(textOf(component.ok(STREAMS, '[method]input-stream.read', stdin(component), 1n))).toBe('x');
  });

  it('is ready, and does not wait for input to be spliced', () => {
    const component = new HandComponent({ stdin: lateSource().source, stdout: throwing });
    const stream = failedOutput(component);
    const pollable = component.resource(STREAMS, '[method]output-stream.subscribe', stream);
    expect(component.call('io/poll', 'poll', [pollable])).toEqual([0]);
    expect(component.err(STREAMS, '[method]output-stream.blocking-splice', stream, stdin(component), 1n)).toEqual({
      tag: 'closed',
    });
  });
});

describe('splice', () => {
  it('takes nothing while the output pushes back', () => {
    const component = new HandComponent({ stdin: 'input', stdout: () => new Promise(() => undefined) });
    const [from, to] = [stdin(component), stdout(component)];
    expect(splice(component, to, from, 2n)).toBe(2n);
    expect(splice(component, to, from, 2n)).toBe(0n);
    component.waits(STREAMS, '[method]output-stream.blocking-splice', to, from, 2n);
    expect(textOf(component.ok(STREAMS, '[method]input-stream.read', from, 9n))).toBe('put');
    expect(splice(component, to, from, 0n)).toBe(0n);
  });

  it('moves from file to file, as much as may be written at once, and finds the end', () => {
    const component = new HandComponent({ files: { f: new Uint8Array(65537).fill(1) } });
    const [from, file] = fileStream(component, 'read-via-stream', 0n);
    const to = component.ok(TYPES, '[method]descriptor.append-via-stream', file) as Resource; // as WIT says
    expect(splice(component, to, from, U64_MAX)).toBe(65536n);
    expect(splice(component, to, from, 1n)).toBe(1n);
    component.ok(TYPES, '[method]descriptor.set-size', file, 3n);
    expect(component.err(STREAMS, '[method]output-stream.blocking-splice', to, from, 1n)).toEqual({ tag: 'closed' });
    expect(checkWrite(component, to)).toBe(65536n);
  });
});

describe('the limit of resources', () => {
  it('says quota where WIT has a code for it, and traps elsewhere', () => {
    const component = new HandComponent({ files: { f: 'x' }, maxOpenFiles: 3 });
    const [stream, file] = fileStream(component, 'read-via-stream', 0n);
    for (const method of ['read-via-stream', 'write-via-stream']) {
      expect(component.err(TYPES, `[method]descriptor.${method}`, file, 0n)).toBe('quota');
    }
    expect(component.err(TYPES, '[method]descriptor.append-via-stream', file)).toBe('quota');
    expect(() => component.call(STREAMS, '[method]input-stream.subscribe', stream)).toThrow(/maxOpenFiles allows 3/u);
    expect(() => stdin(component)).toThrow(WebAssembly.RuntimeError);
    component.host.drop(stream);
    component.host.drop(stream); // as if twice: it counts once
    stdin(component);
    expect(() => stdin(component)).toThrow(WebAssembly.RuntimeError);
  });
});
