import { expect, it } from 'vitest';
import { openNode } from '../../test/node/open-nodes.ts';
import { writeDrop } from '../../runtime/bundle/index.ts';
import type { BuiltProject } from '../project/build-project.ts';
import { buildSource, deployBuilt } from '../project/testing/projects.ts';
import { type FetchFunction, PluvioClient } from './index.ts';
import { jsonArguments } from './json-arguments.ts';

interface Greeter {
  greet(name: string): string;
  add(a: bigint | number, b?: bigint): string;
  size(bytes: Uint8Array): number;
  total(values: Float64Array): number;
  fail(): null;
  slow(ms: number): string;
}

async function chunksOf({ packed }: BuiltProject): Promise<BlobPart[]> {
  const chunks: BlobPart[] = [];
  for await (const chunk of writeDrop(packed)) chunks.push(new Uint8Array(chunk));
  return chunks;
}

interface Counter {
  next(ms?: number): number;
}

const SOURCE = `
import { time } from 'pluvio/assembly';
export function greet(name: string): string { return 'Hello, ' + name; }
export function add(a: i64, b: i64 = 1): i64 { return a + b; }
export function size(bytes: Uint8Array): i32 { return bytes.length; }
export function total(values: Float64Array): f64 { let sum = 0.0; for (let i = 0; i < values.length; i++) sum += values[i]; return sum; }
export function fail(): void { assert(false, 'as it should'); }
export function slow(ms: i32): string { time.sleep(ms); return 'done'; }`;

it('calls typed exports like functions', async () => {
  const { client } = await openNode({ limits: { waitMs: 20 } });
  await deployBuilt(client, await buildSource(SOURCE));
  const greeter = client.worker<Greeter>('guest');
  expect(await Promise.resolve(greeter)).toBe(greeter);
  expect(greeter.greet).toBe(greeter.greet);
  expect(await greeter.greet('Ada')).toBe('Hello, Ada');
  expect(await greeter.add(2n ** 62n, 5n)).toBe('4611686018427387909');
  expect(await greeter.add(1)).toBe('2');
  expect(await greeter.size(new Uint8Array(20_000))).toBe(20_000);
  expect(await greeter.total(new Float64Array([0.5, 2, -1]))).toBe(1.5);
  await expect(greeter.fail()).rejects.toMatchObject({ code: 'CALL_FAILED' });
});

it('refuses arguments that do not fit before it sends them', async () => {
  const { client, url: baseUrl } = await openNode();
  await deployBuilt(client, await buildSource(SOURCE));
  const asked: string[] = [];
  const watched: FetchFunction = (url, init) => {
    asked.push(url.slice(baseUrl.length).replace(/\?.*/, ''));
    return fetch(url, init);
  };
  const { workers } = new PluvioClient({ baseUrl, fetch: watched });
  const refusal = (message: string, details: object) => ({ code: 'INVALID_ARGUMENT', message, details });
  const text = { export: 'greet', argument: 'name', found: 'the number 5', expected: 'a text' };
  await expect(workers.callTyped('guest', 'greet', [5])).rejects.toMatchObject(
    refusal('argument name of "greet" is the number 5; it must be a text', text),
  );
  await expect(workers.callTyped('guest', 'total', [new Uint8Array(2)])).rejects.toThrow(
    'argument values of "total" is Uint8Array; it must be an array, each item a number',
  );
  await expect(workers.callTyped('guest', 'add', [2n ** 63n])).rejects.toThrow(
    'argument a of "add" is the whole number 9223372036854775808; it must be a whole number from -9223372036854775808 to',
  );
  await expect(workers.callTyped('guest', 'greet')).rejects.toThrow(
    '"greet" takes (name: string); 0 arguments are given',
  );
  expect(new Set(asked)).toEqual(new Set(['/v1/workers/guest/interface']));
  asked.length = 0;
  expect(await workers.callTyped('guest', 'greet', ['Ada'])).toBe('Hello, Ada');
  expect(asked).toEqual(['/v1/workers/guest/call/greet']);
});

it('looks at arguments with the interface that the worker has by then', async () => {
  const { client } = await openNode();
  await deployBuilt(client, await buildSource('export function twice(n: i32): i32 { return 2 * n; }'));
  const worker = client.worker<{ twice(n: number | string): number | string }>('guest');
  expect(await worker.twice(4)).toBe(8);
  await expect(worker.twice('ab')).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  const built = await buildSource('export function twice(n: string): string { return n + n; }');
  const { digest } = await client.bundles.upload(new Blob(await chunksOf(built)));
  await client.workers.update('guest', { bundle: digest });
  expect(await worker.twice('ab')).toBe('abab');
});

it('leaves the check to a node that does not tell the interface', async () => {
  const { client, url: baseUrl } = await openNode();
  await deployBuilt(client, await buildSource(SOURCE));
  let asked = 0;
  const untold: FetchFunction = (url, init) => {
    if (!url.endsWith('/interface')) return fetch(url, init);
    asked++;
    return Promise.resolve(Response.json({ code: 'FORBIDDEN', detail: 'no' }, { status: 403 }));
  };
  const greeter = new PluvioClient({ baseUrl, fetch: untold }).worker<{ greet(name: unknown): string }>('guest');
  expect(await greeter.greet('Ada')).toBe('Hello, Ada');
  await expect(greeter.greet(5)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('argument name of "greet" is the number 5; it must be a text') as string,
  });
  expect(asked).toBe(1);
});

it('is for typed exports only', async () => {
  const { client } = await openNode();
  const source = `import { output } from 'pluvio/assembly';
    export function raw(): void { output.text('no JSON'); }
    export function number(): i32 { return 1; }`;
  await deployBuilt(
    client,
    await buildSource(source, { interface: { raw: { encoding: 'bytes' }, number: { encoding: 'core' } } }),
  );
  const guest = client.worker<{ raw(): string; number(): number; none(): null }>('guest');
  await expect(guest.raw()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await expect(guest.number()).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  await expect(guest.none()).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
});

it('waits for a call that takes longer than a request may', async () => {
  const { client } = await openNode({ limits: { waitMs: 20 } });
  await deployBuilt(client, await buildSource(SOURCE));
  expect(await client.worker<Greeter>('guest').slow(200)).toBe('done');
});

it('is done once where the caller asks, and is in no journal otherwise', async () => {
  const { client, url: baseUrl } = await openNode({ limits: { waitMs: 20 } });
  const source = `import { time } from 'pluvio/assembly';
    let count = 0;
    export function next(ms: i32 = 0): i32 { if (ms > 0) time.sleep(ms); return ++count; }`;
  await deployBuilt(client, await buildSource(source, { checkpoint: 'never' }));
  const keys: (string | null)[] = [];
  let cut = 0;
  /** The answer to the first request with a key is lost on the way. */
  const lossy: FetchFunction = async (url, init) => {
    const key = new Headers(init.headers).get('idempotency-key');
    if (url.includes('/call/')) keys.push(key);
    const response = await fetch(url, init);
    if (key === null || cut++ > 0) return response;
    await response.arrayBuffer();
    throw new TypeError('the connection broke');
  };
  const plain = new PluvioClient({ baseUrl, fetch: lossy }).worker<Counter>('guest');
  expect([await plain.next(), await plain.next(60)]).toEqual([1, 2]);
  expect(keys).toEqual([null, null]);
  const safe = new PluvioClient({ baseUrl, fetch: lossy }).worker<Counter>('guest', { once: true });
  expect([await safe.next(), await safe.next(60)]).toEqual([3, 4]);
  expect(keys.slice(2)).toEqual([keys[2], keys[2], keys[4]]);
  expect(keys[4]).not.toBe(keys[2]);
});

it('writes arguments as JSON', () => {
  const view = new Uint8Array([0, 1, 255, 9]).subarray(1, 3);
  expect(jsonArguments([])).toEqual([]);
  expect(jsonArguments([1, 'a', null, true, undefined, undefined])).toEqual([1, 'a', null, true]);
  expect(jsonArguments([5n, NaN, -Infinity, view, view.buffer, new Uint8ClampedArray([1])])).toEqual([
    ...['5', 'NaN', '-Infinity', 'Af8=', 'AAH/CQ==', 'AQ=='],
  ]);
  expect(jsonArguments([{ a: [1n, new BigInt64Array([2n])], b: new Int16Array([-1]) }])).toEqual([
    { a: ['1', ['2']], b: [-1] },
  ]);
  expect(() => jsonArguments([undefined, 1])).toThrow('argument 1 is undefined');
  expect(() => jsonArguments([() => 1])).toThrow('argument 1 is function');
});
