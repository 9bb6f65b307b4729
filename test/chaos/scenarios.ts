/** What a campaign does to workers, what of it is acknowledged, and what therefore must hold at its end. A row each. */
import type { ManifestFields } from '../node/guests.ts';
import type { Feature } from '../node/features.ts';
import { type LedgerRules, LedgerWorker } from './ledger-worker.ts';
import type { Load, LoadOptions } from './load.ts';
import { MailboxPair, type MailboxRules } from './mailbox-pair.ts';

export interface Scenario {
  /** What an answer promises, for people. */
  readonly acknowledged: string;
  readonly needs: readonly Feature[];
  /** How many loads of it there are at the same time. */
  readonly loads: number;
  /** Fields of the workers' manifest. */
  readonly fields?: ManifestFields;
  readonly open: (options: LoadOptions) => Load;
}

const ledger =
  (rules: LedgerRules): Scenario['open'] =>
  (options) =>
    new LedgerWorker({ ...options, ...rules });
const mailbox =
  (rules: MailboxRules): Scenario['open'] =>
  (options) =>
    new MailboxPair({ ...options, ...rules });

const CHECKPOINTED = { keyed: false, durable: 'with a checkpoint' } as const;
const JOURNALLED = { keyed: true, durable: 'at once' } as const;

export const SCENARIOS = {
  snapshots: {
    acknowledged: 'a snapshot holds all that was answered before it was asked for, and stays',
    needs: [],
    loads: 2,
    open: ledger({ ...CHECKPOINTED, steps: { call: 6, snapshot: 2 } }),
  },
  stops: {
    acknowledged: 'a stopped call is where it was, with all that was answered before',
    needs: [],
    loads: 2,
    open: ledger({ ...CHECKPOINTED, steps: { call: 3, stop: 2 } }),
  },
  moves: {
    acknowledged: 'a moved worker is on its new node, as it was, and nowhere else',
    needs: [],
    loads: 3,
    open: ledger({ ...CHECKPOINTED, steps: { call: 3, move: 2, 'move amid a call': 2 } }),
  },
  everything: {
    acknowledged: 'snapshots, stops and moves',
    needs: [],
    loads: 2,
    open: ledger({ ...CHECKPOINTED, steps: { call: 4, stop: 1, snapshot: 1, move: 1, 'move amid a call': 1 } }),
  },
  'calls with keys': {
    acknowledged: 'a call that was answered has taken effect once, however often it was sent',
    needs: ['idempotency keys', 'checkpoints of each call'],
    loads: 2,
    fields: { checkpoint: 'each-call' },
    open: ledger({ ...JOURNALLED, steps: { call: 1 } }),
  },
  'calls with keys on the move': {
    acknowledged: 'the same while the worker is stopped, captured and moved',
    needs: ['idempotency keys', 'checkpoints of each call'],
    loads: 2,
    fields: { checkpoint: 'each-call' },
    open: ledger({ ...JOURNALLED, steps: { call: 6, snapshot: 1, move: 1, 'move amid a call': 1 } }),
  },
  'calls with keys, seldom a checkpoint': {
    acknowledged: 'the same where calls are made again after the last checkpoint',
    needs: ['idempotency keys', 'checkpoints of each call'],
    loads: 2,
    fields: { checkpoint: 'every 2s' },
    open: ledger({ ...JOURNALLED, steps: { call: 1 } }),
  },
  'calls with keys of sleepers': {
    acknowledged: 'the same of workers that leave memory between calls',
    needs: ['idempotency keys', 'checkpoints of each call', 'hibernation'],
    loads: 2,
    fields: { checkpoint: 'each-call', hibernate: { afterMs: 0 } },
    open: ledger({ ...JOURNALLED, steps: { call: 1 } }),
  },
  messages: {
    acknowledged: 'what a call sent takes effect at the receiver, once',
    needs: ['idempotency keys', 'messages'],
    loads: 2,
    fields: { checkpoint: 'each-call' },
    open: mailbox({ steps: { message: 1 } }),
  },
  'messages and timers, seldom a checkpoint': {
    acknowledged: 'the same, also when a timer is due, where messages are given again after the last checkpoint',
    needs: ['idempotency keys', 'messages'],
    loads: 2,
    fields: { checkpoint: 'every 2s' },
    open: mailbox({ steps: { message: 4, timer: 4, 'snapshot of the receiver': 1 } }),
  },
} as const satisfies Record<string, Scenario>;
