/** Delta snapshots of workers whose hosts have much state: as large as what changed, and equal to whole ones. */
import { describe, expect, it } from 'vitest';
import {
  createWorker,
  decodeSnapshot,
  encodeSnapshot,
  type HostModule,
  loadModule,
  type Snapshot,
  stageWorker,
} from '../../runtime/engine/index.ts';
import { createWasi, type WasiHost } from '../../runtime/host/index.ts';
import { readProgram } from '../wasi/driver.ts';
import { leavingAtEach } from './stops.ts';
import { assembleModule } from './text-module.ts';

const SIZE = 4_000_000;
const FILES = { 'base.txt': 'the base file\n', 'base/deep': 'deep content', 'base/a': 'x'.repeat(700), 'c/': '' };

describe('a program that works on files', () => {
  it.each(['1', '2'])('is the same by a chain of deltas, mixture %s', async (seed) => {
    const module = await loadModule(readProgram('mixture'));
    const output: string[] = [];
    const hostOf = (lines: string[]): WasiHost =>
      createWasi({
        args: ['mixture', seed, '60'],
        files: FILES,
        stdout: (bytes) => void lines.push(Buffer.from(bytes).toString('latin1')),
      });
    const worker = await createWorker(module, { hosts: [hostOf(output)], onPoll: leavingAtEach('stop') });
    let outcome = await worker.start();
    const chain: Uint8Array[] = [];
    for (let stops = 0; outcome.kind === 'stopped'; stops++) {
      if (stops % 7 === 0 && chain.length < 120) chain.push(worker.snapshot({ keep: true, delta: chain.length > 0 }));
      if (stops % 7 === 0 && chain.length === 120) break;
      outcome = await worker.resume();
    }
    expect(chain).toHaveLength(120);
    expect(outcome.kind).toBe('stopped');
    const rest: string[] = [];
    const staged = await stageWorker(module, chain[0]!, { hosts: [hostOf(rest)] });
    for (const delta of chain.slice(1)) {
      expect(decodeSnapshot(delta)).toMatchObject({ version: 4, hosts: {} });
      staged.update(delta);
    }
    const twin = staged.finish();
    expect(twin.snapshot()).toEqual(worker.snapshot());
    const before = output.length;
    const ends = [await worker.resume(), await twin.resume()];
    while (ends[0]?.kind === 'stopped') ends[0] = await worker.resume();
    expect(ends[1]).toEqual(ends[0]);
    expect(rest.join('')).toBe(output.slice(before).join(''));
  });
});

/** Has an array of bytes in its state; `bytes` is the one that changes. */
class Shelf implements HostModule {
  readonly name: string = 'shelf';
  readonly imports = {};
  readonly stableBytes: boolean;
  readonly items: Uint8Array[];

  constructor(stableBytes: boolean) {
    this.stableBytes = stableBytes;
    this.items = Array.from({ length: 40 }, (_, at) => new Uint8Array(SIZE / 40).fill(at));
  }

  bind(): void {
    // it needs nothing of the guest
  }

  snapshot(): unknown {
    return { items: this.items }; // the array itself, which changes
  }

  restore(state: unknown): void {
    this.items.splice(0, this.items.length, ...(state as { items: Uint8Array[] }).items);
  }
}

const open = async (stableBytes: boolean) => {
  const module = await loadModule(await assembleModule('(module (memory 1) (func (export "nothing")))'));
  const shelf = new Shelf(stableBytes);
  return { module, shelf, worker: await createWorker(module, { hosts: [shelf] }) };
};

describe('the state of a host', () => {
  it('is as large in a delta as what became of it', async () => {
    const { module, shelf, worker } = await open(true);
    const base = worker.snapshot({ keep: true });
    shelf.items[7] = new Uint8Array(5000).fill(1);
    shelf.items.push(new Uint8Array(3000));
    const delta = worker.snapshot({ keep: true, delta: true });
    const none = worker.snapshot({ keep: true, delta: true });
    expect(base.length).toBeGreaterThan(SIZE);
    expect(delta.length).toBeGreaterThan(8000);
    expect(delta.length).toBeLessThan(8500);
    expect(none.length).toBeLessThan(500);
    const twin = new Shelf(true);
    const staged = await stageWorker(module, base, { hosts: [twin] });
    for (const each of [delta, none]) staged.update(each);
    staged.finish();
    expect(twin.items).toEqual(shelf.items);
  });

  it('is whole where its bytes may change in place', async () => {
    const { module, shelf, worker } = await open(false);
    const base = worker.snapshot({ keep: true });
    shelf.items[7]?.fill(0xee);
    const delta = worker.snapshot({ keep: true, delta: true });
    expect(delta.length).toBeGreaterThan(SIZE);
    expect(decodeSnapshot(delta).version).toBe(2);
    const twin = new Shelf(false);
    const staged = await stageWorker(module, base, { hosts: [twin] });
    staged.update(delta);
    staged.finish();
    expect(twin.items).toEqual(shelf.items);
  });

  it('of two hosts is told of each: of one what it became, of the other the whole', async () => {
    const module = await loadModule(await assembleModule('(module (memory 1) (func (export "nothing")))'));
    const named = (stableBytes: boolean, name: string): Shelf => Object.assign(new Shelf(stableBytes), { name });
    const pair = (): Shelf[] => [named(true, 'a'), named(false, 'b')];
    const shelves = pair();
    const worker = await createWorker(module, { hosts: shelves });
    const base = worker.snapshot({ keep: true });
    for (const shelf of shelves) shelf.items[1] = new Uint8Array(10).fill(3);
    const delta = worker.snapshot({ keep: true, delta: true });
    expect(delta.length).toBeLessThan(1.1 * SIZE);
    const twins = pair();
    const staged = await stageWorker(module, base, { hosts: twins });
    staged.update(delta);
    staged.finish();
    expect(twins.map(({ items }) => items)).toEqual(shelves.map(({ items }) => items));
  });

  it.each<[string, unknown]>([
    ['another host', { other: null }],
    ['no change', 5],
    ['no object', [[1]]],
    ['an edit outside', { shelf: { items: [99, 1, [null]] } }],
    ['a key that is not there', { shelf: { things: false } }],
  ])('is refused where a delta has %s, and the worker can still be brought up to date', async (_, change) => {
    const { module, shelf, worker } = await open(true);
    const base = worker.snapshot({ keep: true });
    shelf.items[0] = new Uint8Array(3);
    const delta = decodeSnapshot(worker.snapshot({ delta: true }));
    const twin = new Shelf(true);
    const staged = await stageWorker(module, base, { hosts: [twin] });
    const forged: Snapshot = { ...delta, hostChanges: change };
    for (const each of [forged, encodeSnapshot(forged)]) {
      expect(() => staged.update(each)).toThrow(
        expect.objectContaining({
          code: 'SNAPSHOT_MALFORMED',
          message: expect.stringContaining('hostChanges') as string,
        }),
      );
    }
    staged.update(delta);
    staged.finish();
    expect(twin.items).toEqual(shelf.items);
  });

  it('is refused as a change in a snapshot that is no delta, and beside a whole one', async () => {
    const { shelf, worker } = await open(true);
    worker.snapshot({ keep: true });
    shelf.items.pop();
    const delta = decodeSnapshot(worker.snapshot({ delta: true }));
    const { parent: _, ...orphan } = delta;
    expect(() => encodeSnapshot(orphan)).toThrow(expect.objectContaining({ code: 'INTERNAL' }));
    const text = Buffer.from(encodeSnapshot(delta)).toString('latin1').replace('hostChanges', 'hostchanges');
    expect(() => decodeSnapshot(Buffer.from(text, 'latin1'))).toThrow(
      expect.objectContaining({ code: 'SNAPSHOT_MALFORMED' }),
    );
  });
});
