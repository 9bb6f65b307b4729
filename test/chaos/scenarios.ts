/** What a campaign does to workers, what of it is acknowledged, and what therefore must hold at its end. A row each. */
import type { ManifestFields } from '../node/guests.ts';
import type { Feature } from '../node/features.ts';
import type { LedgerOptions, StepName } from './ledger-worker.ts';

export interface Scenario {
  /** What an answer promises, for people. */
  readonly acknowledged: string;
  readonly needs: readonly Feature[];
  /** How many workers go through it at the same time. */
  readonly workers: number;
  /** Fields of their manifest. */
  readonly manifest?: ManifestFields;
  readonly keyed: boolean;
  readonly durable: LedgerOptions['durable'];
  /** How often each step comes, in proportion. */
  readonly steps: Readonly<Partial<Record<StepName, number>>>;
}

export const SCENARIOS = {
  snapshots: {
    acknowledged: 'a snapshot holds all that was answered before it was asked for, and stays',
    needs: [],
    workers: 2,
    keyed: false,
    durable: 'with a checkpoint',
    steps: { call: 6, snapshot: 2 },
  },
  stops: {
    acknowledged: 'a stopped call is where it was, with all that was answered before',
    needs: [],
    workers: 2,
    keyed: false,
    durable: 'with a checkpoint',
    steps: { call: 3, stop: 2 },
  },
  moves: {
    acknowledged: 'a moved worker is on its new node, as it was, and nowhere else',
    needs: [],
    workers: 3,
    keyed: false,
    durable: 'with a checkpoint',
    steps: { call: 3, move: 2, 'move amid a call': 2 },
  },
  everything: {
    acknowledged: 'snapshots, stops and moves',
    needs: [],
    workers: 2,
    keyed: false,
    durable: 'with a checkpoint',
    steps: { call: 4, stop: 1, snapshot: 1, move: 1, 'move amid a call': 1 },
  },
  'calls with keys': {
    acknowledged: 'a call that was answered has taken effect once, however often it was sent',
    needs: ['idempotency keys', 'checkpoints of each call'],
    workers: 2,
    manifest: { checkpoint: 'each-call' },
    keyed: true,
    durable: 'at once',
    steps: { call: 1 },
  },
  'calls with keys on the move': {
    acknowledged: 'the same while the worker is stopped, captured and moved',
    needs: ['idempotency keys', 'checkpoints of each call'],
    workers: 2,
    manifest: { checkpoint: 'each-call' },
    keyed: true,
    durable: 'at once',
    steps: { call: 6, snapshot: 1, move: 1, 'move amid a call': 1 },
  },
} as const satisfies Record<string, Scenario>;
