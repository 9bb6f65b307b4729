/**
 * The Pluvio ABI, version 1, for one worker, as a host module with state.
 *
 * Boundary: everything that a guest can reach is in the options, and nothing without a grant. docs/abi.md is the specification; what host
 * and node exchange is types.ts.
 */
import type { GuestAccess } from '../../engine/types.ts';
import { PluvioError } from '../../errors/index.ts';
import { BytePieces } from '../byte-pieces.ts';
import { encodeState, loadState } from './abi-state.ts';
import { bindCalls } from './bind-calls.ts';
import { Blobs } from './blobs.ts';
import { Grants } from './capabilities.ts';
import type { AbiContext, EffectBody } from './context.ts';
import { GuestBytes } from './guest-bytes.ts';
import { createHttpPort } from './http-port.ts';
import { Inputs, UNNUMBERED } from './inputs.ts';
import { KeyValues } from './key-values.ts';
import { resolveAbiLimits } from './limits.ts';
import { Mailbox } from './mailbox.ts';
import { Rate } from './rates.ts';
import { Registers } from './registers.ts';
import { StorageMeter } from './storage-meter.ts';
import { Timers } from './timers.ts';
import { ABI_MODULE, type AbiHost, type AbiOptions, type EndedInput, type Input, INPUT_KINDS } from './types.ts';
import { Waits } from './waits.ts';

function platformTimer(delayMs: number, fire: () => void): () => void {
  const timer = setTimeout(fire, delayMs);
  return () => clearTimeout(timer);
}

function makeContext(options: AbiOptions): AbiContext {
  const { services } = options;
  const limits = resolveAbiLimits(options.limits);
  const storage = new StorageMeter(limits.storageBytes, options.storageBudget, () =>
    services.limited?.('storageBytes'),
  );
  const inputs = new Inputs();
  const waits = new Waits(services, options.setTimer ?? platformTimer);
  const kv = new KeyValues(storage);
  const timers = new Timers(storage, limits.timers);
  const effect = (body: EffectBody): void => {
    const traceparent = inputs.current?.info.traceparent;
    services.effect({ ...body, ...inputs.nextNumber(), ...(traceparent === undefined ? {} : { traceparent }) });
  };
  const now = (): number => services.now();
  return {
    services,
    limits,
    grants: new Grants(options.grants ?? {}),
    self: options.self,
    config: options.config ?? {},
    memory: new GuestBytes(),
    registers: new Registers(services),
    storage,
    kv,
    blobs: new Blobs(storage, limits.blobs),
    timers,
    subscriptions: new Set(),
    secretsRead: new Set(),
    inputs,
    mailbox: new Mailbox(
      { services, inputs, kv, timers },
      (id, dueMs) => effect({ kind: 'timer', id, dueMs }),
      () => waits.poke(),
    ),
    waits,
    callRate: new Rate(limits.hostCallsPerSecond, now),
    logRate: new Rate(limits.logBytesPerSecond, now),
    fetchRate: new Rate(limits.fetchesPerSecond, now),
    effect,
  };
}

function requireSeq(seq: number): void {
  if (Number.isSafeInteger(seq) && seq >= 1) return;
  throw new PluvioError('INVALID_ARGUMENT', `the number of an input is ${seq}; it must be a whole number from 1 on`);
}

function requireInput({ seq, info }: Input, isUnnumbered = false): void {
  if (!isUnnumbered) requireSeq(seq);
  if (!INPUT_KINDS.includes(info.kind)) {
    const kinds = INPUT_KINDS.join(', ');
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `input ${seq} is of kind ${String(info.kind)}; it must be one of ${kinds}`,
    );
  }
  if (info.kind !== 'timer' || (info.timer !== undefined && info.dueMs !== undefined)) return;
  throw new PluvioError(
    'INVALID_ARGUMENT',
    `input ${seq} is of kind timer; it must say which \`timer\`, and its \`dueMs\``,
  );
}

/**
 * Makes the ABI host of one worker. To take up a snapshot, make a host with the same grants, bind it and call `restore` before anything
 * runs; then give it again what the journal has with seq > `lastSeq`.
 *
 * @throws PluvioError `INVALID_ARGUMENT`, `LIMIT_OUT_OF_RANGE`
 */
export function createAbi(options: AbiOptions): AbiHost {
  const abi = makeContext(options);
  const { inputs, waits, limits } = abi;
  const http = createHttpPort(abi);
  const poke = (): void => {
    waits.poke();
    http.poke();
  };
  return {
    name: ABI_MODULE,
    http,
    imports: { [ABI_MODULE]: bindCalls(abi) },
    bind: (guest: GuestAccess) => abi.memory.bind(guest),
    stableBytes: true,
    snapshot: () => encodeState(abi),
    restore: (state: unknown) => loadState(abi, state, `hosts.${ABI_MODULE}`),
    close: () => {
      waits.close();
      inputs.clearInbox();
      abi.storage.close();
    },
    get lastSeq() {
      return inputs.lastSeq;
    },
    isTaken: (seq) => inputs.isTaken(seq),
    deliver: (input) => {
      requireInput(input);
      if (inputs.isTaken(input.seq)) return 'known';
      if (inputs.inboxLength >= limits.mailboxLength) return inputs.isQueued(input.seq) ? 'known' : 'full';
      if (!inputs.enqueue(input)) return 'known';
      waits.poke();
      return 'queued';
    },
    skip: (seq) => {
      requireSeq(seq);
      inputs.drop(seq);
      if (!inputs.isTaken(seq)) inputs.markTaken(seq);
    },
    beginInput: (input) => beginInput(abi, input),
    addBody: (name, part) => {
      if (inputs.addBody(name, part)) poke();
    },
    endInput: () => endInput(abi),
    cancel: (seq) => {
      if (inputs.cancel(seq)) void abi.services.settled({ seq, effects: 0 });
      poke();
    },
    get inProgress() {
      return { entry: inputs.entry?.seq, message: inputs.current?.isMessage === true ? inputs.current.seq : undefined };
    },
    get timers() {
      return abi.timers.all.map(({ id, dueMs, expression }) =>
        expression === undefined ? { id, dueMs } : { id, dueMs, expression },
      );
    },
    get subscriptions() {
      return [...abi.subscriptions];
    },
    get usage() {
      return {
        storageBytes: abi.storage.usedBytes,
        kvEntries: abi.kv.count,
        blobs: abi.blobs.count,
        timers: abi.timers.count,
        subscriptions: abi.subscriptions.size,
        mailboxLength: inputs.inboxLength,
      };
    },
    get waiting() {
      return waitingOf(abi);
    },
  };
}

function waitingOf({ waits, mailbox }: AbiContext): AbiHost['waiting'] {
  const { waiting } = waits;
  if (waiting === undefined) return undefined;
  if (waiting === 'rate') return { kind: 'rate', dueMs: null };
  const settles = waiting.kind === 'recv' && mailbox.settling !== undefined;
  return { kind: settles ? 'settle' : waiting.kind, dueMs: waiting.dueMs };
}

function beginInput({ inputs, mailbox }: AbiContext, input: Input): boolean {
  requireInput(input, input.seq === UNNUMBERED);
  if (inputs.entry !== undefined) {
    throw new PluvioError(
      'WORKER_BUSY',
      `input ${inputs.entry.seq} is in progress; input ${input.seq} must wait for its end`,
    );
  }
  inputs.drop(input.seq);
  const known = input.seq !== UNNUMBERED && inputs.isTaken(input.seq);
  if (known || !mailbox.take(input, false)) return false;
  const effects = input.seq === UNNUMBERED ? 0 : undefined; // of an unnumbered one nothing has its number
  const { streams = false, bodyName } = input;
  inputs.entry = { seq: input.seq, output: new BytePieces(), head: undefined, effects, cancelled: false, streams };
  const { current } = inputs;
  if (bodyName !== undefined && current !== undefined) {
    inputs.openBody = { name: bodyName, of: current, room: current.body };
  }
  return true;
}

function endInput({ inputs, mailbox }: AbiContext): EndedInput {
  mailbox.rollBack();
  const message = inputs.endMessage();
  const entry = inputs.endEntry();
  return { seq: entry.seq, output: entry.output.joined(), head: entry.head, effectsUsed: entry.effects, message };
}
