import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deployGuest } from '../node/guests.ts';
import { Book } from './book.ts';
import { runChaos } from './campaign.ts';
import { Fleet } from './fleet.ts';
import { SCENARIOS } from './scenarios.ts';

const TIMEOUT_MS = 300_000;
/** Scenarios that need nothing special. */
const RUN: readonly string[] = ['snapshots', 'stops', 'moves', 'everything'];

/** What killed-commands.test.ts and killed-moves.test.ts are about. */
const KNOWN =
  /: the receiver, which is idle, does not answer the sender|: a step does not end \(call of \w+ with \d+ after WORKER_MOVING/;

describe('nodes that are killed', () => {
  it(
    'keep what they acknowledged, do nothing twice, and never run a worker twice',
    { timeout: TIMEOUT_MS },
    async () => {
      const told: string[] = [];
      const result = await runChaos({
        kills: 4,
        seed: 1,
        nodes: 2,
        scenarios: SCENARIOS,
        onProgress: (text) => told.push(text),
      });
      expect(result).toMatchObject({ kills: 4, doubles: [] });
      expect(result.faults.filter(({ text }) => !KNOWN.test(text))).toEqual([]);
      const ran = result.scenarios.filter(({ skipped }) => skipped === undefined);
      expect(ran.map(({ name }) => name)).toEqual(expect.arrayContaining([...RUN]));
      for (const { acknowledged } of ran) expect(acknowledged).toMatchObject({ created: expect.any(Number) as number });
      for (const { name, skipped } of result.scenarios) {
        if (skipped !== undefined) expect(told).toContain(`scenario "${name}" is left out: ${skipped}`);
      }
    },
  );
});

describe('a book', () => {
  const place = { node: 0, life: 1 };

  it('asks for what is durable, and for nothing twice', () => {
    const book = new Book('w');
    for (let input = 0; input < 4; input++) expect(book.send()).toBe(input);
    book.taken(0, 1, place);
    book.taken(1, 1, { node: 0, life: 2 });
    expect(book.heldAt(place)).toEqual([0]);
    book.keep(book.heldAt(place));
    book.taken(2, 1, 'durable');
    expect(book.heldAt({ node: 1, life: 1 })).toEqual([0, 2]);
    book.compare('a state', [1, 0, 1, 1, 0]);
    expect(book.faults).toEqual([]);
    book.compare('a state', [0, 2, 1, 0, 1]);
    expect(book.faults).toEqual([
      { kind: 'lost', text: 'w: input 0 was acknowledged and is not in a state' },
      { kind: 'duplicated', text: 'w: input 1 took effect 2 times in a state' },
      { kind: 'duplicated', text: 'w: input 4 was never sent and is in a state' },
    ]);
  });

  it('notes an answer that tells of two effects, or of none', () => {
    const book = new Book('w');
    book.send();
    book.taken(0, 2, place);
    book.taken(0, 0, place);
    expect(book.faults.map(({ kind }) => kind)).toEqual(['duplicated', 'lost']);
  });
});

it(
  'a fleet tells of workers that two nodes have, or none, and brings nodes back where they were',
  { timeout: TIMEOUT_MS },
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'pluvio-fleet-'));
    const fleet = await Fleet.open(2, folder);
    try {
      const [one, two] = fleet.nodes as [Fleet['nodes'][0], Fleet['nodes'][0]];
      await deployGuest(one.client, 'w', 'ledger');
      expect(await fleet.doubles()).toEqual([]);
      await deployGuest(two.client, 'w', 'ledger');
      expect(await fleet.doubles()).toEqual(['w']);
      expect([await fleet.isNowhere('w'), await fleet.isNowhere('nobody')]).toEqual([false, true]);
      await one.client.workers.delete('w');
      await two.kill();
      expect([two.isUp, two.life, await fleet.copiesOf('w')]).toEqual([false, 2, []]);
      expect(await fleet.isNowhere('w')).toBe(false);
      await two.restart();
      expect((await fleet.copiesOf('w')).map(({ node }) => node.index)).toEqual([1]);
    } finally {
      await fleet.close();
      await rm(folder, { recursive: true, force: true });
    }
  },
);
