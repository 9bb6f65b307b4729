/** The life of one worker under a steady load, again and again: everything that can happen to a worker, answers checked. */
import type { Outcome, Workers } from '../../sdk/client/index.ts';
import type { Choices } from '../fuzz/choices.ts';
import type { ChildNode } from '../node/child-node.ts';

export interface Stage {
  readonly nodes: readonly [ChildNode, ChildNode];
  /** The guest, on the first node. */
  readonly bundle: string;
  readonly choices: Choices;
  /** Names are used again: what a node keeps of a name that moved away is no growth then. */
  readonly name: string;
  /** Done operations are told. */
  readonly count: (operation: string) => void;
}

const CALLS_MAX = 20;
const SLOW_ROUNDS = 5_000_000;

function mustReturn(outcome: Outcome | null, expected: number): void {
  if (outcome?.kind === 'returned' && outcome.values[0] === expected) return;
  const text = JSON.stringify(outcome, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value));
  throw new Error(`a call must return ${expected}, it ended as ${text}`);
}

/** Waits until a worker runs, or its call is over. */
async function begun(workers: Workers, name: string, call: Promise<unknown>): Promise<void> {
  let over = false;
  const end = (): void => void (over = true);
  call.then(end, end);
  while (!over) if ((await workers.get(name)).status === 'running') return;
}

/** From creation to deletion. @throws PluvioError, or Error for a wrong answer */
export async function liveOnce({ nodes, bundle, choices, name, count }: Stage): Promise<void> {
  const [one, two] = [nodes[0].client.workers, nodes[1].client.workers];
  let effects = 0;
  const call = async (workers: Workers): Promise<void> => {
    for (let calls = 1 + choices.below(CALLS_MAX); calls > 0; calls--) {
      mustReturn(await workers.call(name, 'apply', [effects]), 1);
      effects++;
      count('call');
    }
    mustReturn(await workers.call(name, 'effects'), effects);
  };
  await one.create({ name, bundle });
  count('create');
  await call(one);
  const slow = one.call(name, 'apply_slowly', [effects, SLOW_ROUNDS]);
  await begun(one, name, slow);
  const { status } = await one.stop(name);
  if (status === 'stopped') {
    await one.resume(name);
    mustReturn(await one.waitOutcome(name), 1);
    await slow;
    count('stop');
  } else mustReturn(await slow, 1);
  effects++;
  const snapshot = await one.snapshot(name);
  await nodes[0].client.bundles.delete(snapshot.digest);
  count('snapshot');
  const fork = `${name}-fork`;
  await one.fork(name, { name: fork });
  mustReturn(await one.call(fork, 'effects'), effects);
  await one.delete(fork);
  count('fork');
  await one.move(name, { target: nodes[1].url });
  count('move');
  await call(two);
  await two.move(name, { target: nodes[0].url });
  count('move');
  await call(one);
  await one.delete(name);
  count('delete');
}
