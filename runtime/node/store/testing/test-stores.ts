/** Stores for tests, on both cores, closed and removed after each test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { type Clock, systemClock } from '../../clock.ts';
import { openStore, type StoreOptions } from '../open-store.ts';
import type { Checkpoint, NewInput, NodeStore } from '../types.ts';
import { WORKERS } from '../types.ts';

export type TestStore = Awaited<ReturnType<typeof openStore>>;

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-store-'));
  cleanups.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function openTestStore(options: StoreOptions): Promise<TestStore> {
  const store = await openStore(options);
  cleanups.push(() => store.close());
  return store;
}

/** Every core that there is. */
export const CORES: Readonly<Record<string, (options?: StoreOptions) => Promise<TestStore>>> = {
  'in memory': (options = {}) => openTestStore(options),
  'in a thread': async (options = {}) => openTestStore({ dataDir: await testFolder(), ...options }),
};

/** A clock that only a test moves. */
export class TestClock implements Clock {
  ms = Date.UTC(2026, 0, 1);
  now = (): number => this.ms;
  monotonicMs = (): number => this.ms;
  sleep = systemClock.sleep;
  alarm = systemClock.alarm;
}

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const textOf = (data: Uint8Array | null | undefined): string | null =>
  data ? new TextDecoder().decode(data) : null;

export async function addWorkers(store: NodeStore, ...names: string[]): Promise<void> {
  await Promise.all(names.map((name) => store.collection(WORKERS).put(name, { name })));
}

export const call = (body: string, key: string | null = null): NewInput => ({
  kind: 'call',
  key,
  body: bytes(body),
  info: { export: 'run' },
});

export const digest = (digit: string | number): string => `sha256:${String(digit).padStart(64, '0')}`;

export const checkpoint = (inputSeq: number, change: Partial<Checkpoint> = {}): Checkpoint => ({
  base: digest(0),
  delta: bytes(`delta ${inputSeq}`),
  side: null,
  inputSeq,
  fuelUsed: '12345678901234567890',
  memoryPages: 2,
  resumable: false,
  atMs: Date.UTC(2026, 0, 1),
  ...change,
});

/** A message of the worker whose number the key has: `m:<worker>:<seq>:<ordinal>`. */
export const sent = (to: string, key: string, body = 'message') =>
  ({ kind: 'send', to, seq: seqIn(key), key, body: bytes(body), info: { from: 'test' } }) as const;

export const seqIn = (key: string): number => Number(/^m:\w+:(\d+):/.exec(key)?.[1] ?? 0);

/** Numbers and bodies of what a worker must still take. */
export async function pendingOf(store: NodeStore, worker: string, afterSeq = 0): Promise<string[]> {
  const inputs = await store.pendingInputs(worker, afterSeq, 1000);
  return inputs.map(({ seq, body }) => `${seq} ${textOf(body) ?? ''}`);
}
