/**
 * Runs a guest of the host ABI in a small world that answers by a script: undisturbed, or stopped and taken to a fresh host again and again.
 *
 * The world is what a node would be to it: a journal that is given again after each restore, effects by number, answers by number, a clock
 * that only moves when somebody waits for it.
 */
import {
  createWorker,
  type LoadedModule,
  type Outcome,
  type PollDecision,
  restoreWorker,
  type Worker,
  type WorkerState,
} from '../../runtime/engine/index.ts';
import {
  type AbiHost,
  type AbiServices,
  type Answer,
  type Ask,
  createAbi,
  type Effect,
  type EndedInput,
  type Input,
  type LogEntry,
} from '../../runtime/host/abi/index.ts';
import { StateFollower } from '../engine/state-follower.ts';
import { leavingAtEach } from '../engine/stops.ts';
import { ALL_GRANTS } from './hand-guest.ts';
import { START_MS } from './scripted-services.ts';

export interface Script {
  readonly export: string;
  /** The call of the export is the first one; the others are messages. */
  readonly inputs: readonly Input[];
  /** A message comes when the guest waits for it, not before. */
  readonly paced?: boolean;
  readonly answer?: (ask: Ask) => Answer | undefined;
  readonly grants?: Readonly<Record<string, readonly string[]>>;
}

/** `waits`: where the guest waits; `safepoints`: there and at every safepoint; `followed`: not, but a reader is told there what its state became. */
export type Moves = 'none' | 'waits' | 'safepoints' | 'followed';

export interface GuestRun {
  readonly outcome: Outcome;
  readonly ended: EndedInput;
  /** By number, `inputSeq:ordinal`. */
  readonly effects: Readonly<Record<string, unknown>>;
  readonly logs: readonly LogEntry[];
  readonly asked: readonly string[];
  readonly settled: readonly number[];
  readonly hosts: number;
  readonly host: AbiHost;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const keyOf = ({ inputSeq, ordinal }: { inputSeq: number; ordinal: number }): string => `${inputSeq}:${ordinal}`;

class World {
  readonly #script: Script;
  readonly #moves: Moves;
  readonly effects: Record<string, unknown> = {};
  readonly logs: LogEntry[] = [];
  readonly asked = new Set<string>();
  readonly settled = new Set<number>();
  nowMs = START_MS;
  #random = 1;
  /** The wait at which the guest was taken away last. */
  #movedAt = -1;
  hosts = 0;

  constructor(script: Script, moves: Moves) {
    this.#script = script;
    this.#moves = moves;
  }

  /** A host; `stop` takes the guest away. */
  makeHost(stop: () => void): { readonly host: AbiHost; readonly onState: (state: WorkerState) => void } {
    this.hosts++;
    let isLeaving = false;
    const services: AbiServices = {
      effect: (effect) => this.#effect(effect),
      ask: async (ask) => {
        this.asked.add(`${ask.kind} ${keyOf(ask)}`);
        const answer = this.#script.answer?.(ask);
        await nextTurn();
        return isLeaving || answer === undefined ? new Promise<Answer>(() => undefined) : answer;
      },
      abandon: () => undefined,
      settled: ({ seq }) => void this.settled.add(seq),
      log: (entry) => this.logs.push(entry),
      secret: (name) => (name === 'token' ? 'hunter22' : undefined),
      now: () => this.nowMs,
      random: (bytes) => bytes.forEach((_, at) => (bytes[at] = this.#random++ & 0xff)),
    };
    const setTimer = (delayMs: number, fire: () => void): (() => void) => {
      const dueMs = this.nowMs + delayMs;
      const immediate = setImmediate(() => {
        if (isLeaving) return;
        this.nowMs = Math.max(this.nowMs, dueMs);
        fire();
      });
      return () => clearImmediate(immediate);
    };
    const host = createAbi({
      services,
      setTimer,
      self: { name: 'guest' },
      grants: this.#script.grants ?? ALL_GRANTS,
      config: { greeting: 'good morning' },
    });
    const onState = (state: WorkerState): void => {
      if (state !== 'waiting') return;
      if ((this.#moves === 'waits' || this.#moves === 'safepoints') && this.#leavesAt(host)) {
        isLeaving = true;
        stop();
      } else if (this.#script.paced === true) setImmediate(() => this.#deliverNext(host));
    };
    return { host, onState };
  }

  /** Each wait is left once; a wait is known by its number. */
  #leavesAt(host: AbiHost): boolean {
    const { waits } = host.snapshot() as { waits: { begun: number } }; // docs/abi.md
    if (waits.begun === this.#movedAt) return false;
    this.#movedAt = waits.begun;
    return true;
  }

  #effect(effect: Effect): void {
    const key = keyOf(effect);
    const text = JSON.stringify(effect, (_, value: unknown) =>
      value instanceof Uint8Array ? new TextDecoder().decode(value) : value,
    );
    if (key in this.effects) throw new Error(`effect ${key} was done twice`);
    this.effects[key] = JSON.parse(text);
  }

  #deliverNext(host: AbiHost): void {
    const next = this.#script.inputs.find(({ seq }) => seq > host.lastSeq);
    if (next !== undefined) host.deliver(next);
  }

  /** The messages of the journal that the host does not have. */
  redeliver(host: AbiHost): void {
    if (this.#script.paced === true) return;
    for (const input of this.#script.inputs.slice(1)) if (input.seq > host.lastSeq) host.deliver(input);
  }
}

export async function runGuest(module: LoadedModule, script: Script, moves: Moves): Promise<GuestRun> {
  const world = new World(script, moves);
  let worker: Worker | undefined;
  const stop = (): void => void setImmediate(() => void worker?.stop());
  const place = (onPoll?: () => PollDecision) => {
    const { host, onState } = world.makeHost(stop);
    return { host, options: { hosts: [host], onState, ...(onPoll === undefined ? {} : { onPoll }) } };
  };
  const pollOf = (of: () => AbiHost): (() => PollDecision) | undefined => {
    if (moves === 'safepoints') return () => 'stop';
    if (moves !== 'followed') return undefined;
    let follower: StateFollower | undefined;
    return () => {
      (follower ??= new StateFollower(of())).follow();
      return 'go on';
    };
  };
  let { host, options } = place(pollOf(() => host));
  worker = await createWorker(module, options);
  const [first] = script.inputs;
  if (first === undefined || !host.beginInput(first)) throw new Error('the script has no call');
  world.redeliver(host);
  let outcome = await worker.call(script.export);
  while (outcome.kind === 'stopped') {
    const bytes = worker.snapshot();
    await worker.close();
    ({ host, options } = place(moves === 'safepoints' ? leavingAtEach('stop') : undefined));
    worker = await restoreWorker(module, bytes, options);
    world.redeliver(host);
    outcome = await worker.resume();
  }
  const { effects, logs, asked, settled, hosts } = world;
  return { outcome, ended: host.endInput(), effects, logs, asked: [...asked], settled: [...settled], hosts, host };
}
