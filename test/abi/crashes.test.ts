/**
 * A service loses its host at every moment: it is restored from its last checkpoint, its journal is given again, and what it does again has
 * the number that it had. Whoever drops known numbers sees each effect once.
 */
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createWorker, loadModule, type LoadedModule, restoreWorker, type Worker } from '../../runtime/engine/index.ts';
import { type AbiHost, type AbiServices, createAbi, type Effect } from '../../runtime/host/abi/index.ts';
import { ALL_GRANTS, input } from './hand-guest.ts';
import { ScriptedServices } from './scripted-services.ts';

const MESSAGES = 6;
const INPUTS = [
  input(1),
  ...Array.from({ length: MESSAGES }, (_, index) => input(index + 2, `message ${index}`, { reply: true })),
  input(MESSAGES + 2, 'stop'),
];

/** When a checkpoint is taken: after each message, or only before the first input. */
type Policy = 'each message' | 'at the start';

/** What outlives a crash. */
class Node {
  readonly effects = new Map<string, string>();
  readonly settled = new Set<number>();
  checkpoint: Uint8Array | undefined;
  repeated = 0;
  /** Things done by the guest since the beginning. */
  events = 0;

  keep(effect: Effect): void {
    const key = `${effect.inputSeq}:${effect.ordinal}`;
    const text = JSON.stringify(effect);
    const known = this.effects.get(key);
    if (known !== undefined) {
      this.repeated++;
      expect(text).toBe(known);
    }
    this.effects.set(key, text);
  }
}

interface Life {
  readonly ended: boolean;
}

/** One life of the worker, from the last checkpoint to its end, or to the crash after so many events. */
async function live(module: LoadedModule, node: Node, policy: Policy, crashAfter: number): Promise<Life> {
  const crashed = Promise.withResolvers<Life>();
  const place: { worker?: Worker } = {};
  let isDead = false;
  const count = (): void => {
    if (node.events++ === crashAfter) isDead = true;
    if (isDead) crashed.resolve({ ended: false });
  };
  const scripted = new ScriptedServices();
  const services: AbiServices = Object.assign(scripted, {
    effect: (effect: Effect) => {
      count();
      if (!isDead) node.keep(effect);
    },
    settled: ({ seq }: { readonly seq: number }) => {
      count();
      if (isDead) return new Promise<void>(() => undefined);
      if (policy === 'at the start' || node.settled.has(seq)) return undefined;
      return nextTurn().then(() => {
        if (isDead || place.worker === undefined) return;
        node.checkpoint = place.worker.snapshot(); // it waits: nothing has to be stopped
        node.settled.add(seq);
      });
    },
  });
  const host = createAbi({ services, self: { name: 'service' }, grants: ALL_GRANTS, setTimer: scripted.setTimer });
  const { run, made } = await begin(module, node, host);
  place.worker = made;
  const life = await Promise.race([run.then(() => ({ ended: !isDead })), crashed.promise]);
  if (life.ended) expect(host.endInput().message).toEqual({ seq: MESSAGES + 2, effects: 0 });
  await made.close();
  return life;
}

async function begin(
  module: LoadedModule,
  node: Node,
  host: AbiHost,
): Promise<{ run: Promise<unknown>; made: Worker }> {
  const options = { hosts: [host] };
  const { checkpoint } = node;
  const made =
    checkpoint === undefined ? await createWorker(module, options) : await restoreWorker(module, checkpoint, options);
  for (const each of INPUTS.slice(1)) if (each.seq > host.lastSeq) host.deliver(each);
  if (host.inProgress.entry !== undefined) return { run: made.resume(), made };
  expect(host.beginInput(INPUTS[0]!)).toBe(true);
  return { run: made.call('serve'), made };
}

/** Lives until the service has ended; the n-th life crashes after `crashes[n]` events of all. */
async function run(module: LoadedModule, policy: Policy, crashes: readonly number[]): Promise<Node> {
  const node = new Node();
  for (let life = 0; ; life++) {
    const { ended } = await live(module, node, policy, crashes[life] ?? Infinity);
    if (ended) return node;
  }
}

describe.each(['each message', 'at the start'] as const)('checkpoints: %s', (policy) => {
  test('nothing is lost, nothing done twice, wherever it crashes', async () => {
    const module = await loadModule(readFileSync(new URL('guests/mailbox-loop.wasm', import.meta.url)));
    const undisturbed = await run(module, policy, []);
    expect(undisturbed.effects.size).toBe(2 * MESSAGES);
    let repeated = 0;
    for (let first = 0; first < undisturbed.events; first++) {
      for (const second of [first + 1, first + 4]) {
        const node = await run(module, policy, [first, second]);
        expect(node.effects).toEqual(undisturbed.effects);
        repeated += node.repeated;
      }
    }
    expect(repeated).toBeGreaterThan(0); // some effects were done again, with their numbers
  });
});
