/**
 * Two nodes that work steadily for long, and what they hold meanwhile.
 *
 * Invariant: at the end of the load no worker is left, so that what is still held then is kept for nobody.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PluvioError } from '../../runtime/errors/index.ts';
import { Choices } from '../fuzz/choices.ts';
import { type ChildNode, startChildNode } from '../node/child-node.ts';
import { uploadGuest } from '../node/guests.ts';
import { liveOnce } from './life.ts';
import { type Holdings, holdingsOf } from './quantities.ts';

export interface SoakOptions {
  readonly forMs: number;
  readonly sampleEveryMs: number;
  readonly clients: number;
  readonly seed: number;
  readonly onProgress: (text: string) => void;
}

export interface SoakSample {
  readonly atMs: number;
  readonly holdings: Holdings;
}

export interface SoakResult {
  readonly operations: Readonly<Record<string, number>>;
  /** What went wrong, and how often. */
  readonly errors: Readonly<Record<string, number>>;
  /** One list for each node. */
  readonly samples: readonly (readonly SoakSample[])[];
  readonly workersLeft: number;
}

/** What a node remembers up to a limit is full within the warm-up. */
const LIMITS = { movesKept: 10, eventHistory: 100 } as const;
/** After so many errors the load ends: each of them shows the same mostly. */
const ERRORS_MAX = 20;

const addTo = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1;
};

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const folders = [
    await mkdtemp(join(tmpdir(), 'pluvio-soak-')),
    await mkdtemp(join(tmpdir(), 'pluvio-soak-')),
  ] as const;
  const nodes: ChildNode[] = [];
  try {
    for (const dataDir of folders) nodes.push(await startChildNode({ dataDir, limits: LIMITS }));
    return await soak(options, nodes as [ChildNode, ChildNode], folders);
  } finally {
    await Promise.all(nodes.map((node) => node.kill()));
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }
}

async function soak(
  { forMs, sampleEveryMs, clients, seed, onProgress }: SoakOptions,
  nodes: readonly [ChildNode, ChildNode],
  folders: readonly string[],
): Promise<SoakResult> {
  const bundle = await uploadGuest(nodes[0].client, 'ledger');
  const operations: Record<string, number> = {};
  const errors: Record<string, number> = {};
  const samples: SoakSample[][] = nodes.map(() => []);
  const begin = performance.now();
  const isOver = (): boolean =>
    performance.now() - begin >= forMs ||
    nodes.some(({ isGone }) => isGone) ||
    Object.values(errors).reduce((sum, count) => sum + count, 0) >= ERRORS_MAX;
  const load = async (index: number): Promise<void> => {
    const choices = new Choices(seed, index);
    let name = `soak-${index}`;
    while (!isOver()) {
      try {
        await liveOnce({ nodes, bundle, choices, name, count: (operation) => addTo(operations, operation) });
      } catch (error) {
        addTo(errors, error instanceof PluvioError ? `${error.code}: ${error.message}` : String(error));
        name += '-x'; // what is left of the last one is in the way
      }
    }
  };
  const sample = async (): Promise<void> => {
    for (let due = 0; !isOver(); due += sampleEveryMs) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, begin + due - performance.now())));
      for (const [index, node] of nodes.entries()) {
        samples[index]?.push({
          atMs: performance.now() - begin,
          holdings: await holdingsOf(node, folders[index] ?? ''),
        });
      }
      onProgress(`${Math.round((performance.now() - begin) / 1000)} s: ${operations['call'] ?? 0} calls`);
    }
  };
  await Promise.all([sample(), ...Array.from({ length: clients }, (_, index) => load(index))]);
  for (const [index, node] of nodes.entries()) if (node.isGone) addTo(errors, `node ${index} ended: ${node.errors}`);
  const left = await Promise.all(
    nodes.map(async ({ client, isGone }) => (isGone ? 0 : (await client.workers.list()).length)),
  );
  return { operations, errors, samples, workersLeft: left.reduce((sum, count) => sum + count, 0) };
}
