/** The store as the node sees it, over a queue of requests. */
import type { PluvioError } from '../../errors/index.ts';
import type { StoreLimits } from './limits.ts';
import type { Arguments, OperationName, Result } from './operations.ts';
import { QueuedRecords } from './queued-records.ts';
import { type AskOptions, RequestQueue } from './request-queue.ts';
import { type ScrubPlace, scrubStart } from './scrub.ts';
import type { OpenReport, StoreLink } from './store-link.ts';
import type {
  OpenJournal,
  AppendedInput,
  CheckpointInfo,
  CheckpointLayer,
  Commit,
  Committed,
  CopyOptions,
  DamagedWorker,
  FiredTimer,
  JournalInput,
  JournalState,
  JsonData,
  NewInput,
  NodeStore,
  OutboxEntry,
  StateSeal,
  StoredCheckpoint,
  StoredRecords,
  StoreStatistics,
  TimerEntry,
} from './types.ts';
import { upgradeFolders } from './upgrade-folders.ts';
import { WireWriter } from './wire.ts';

const ROOTS_AT_ONCE = 10_000;

export interface QueuedStoreOptions {
  readonly link: StoreLink;
  readonly limits: StoreLimits;
  readonly now: () => number;
  readonly path?: string | undefined;
  readonly seal?: StateSeal | undefined;
}

type ChangeState = (bytes: Uint8Array, what: string) => Uint8Array;

/** A state in another form, bound to the bundle that it is a change of: twins have copies of it. */
function withState<Layer extends CheckpointLayer>(base: string, layer: Layer, change: ChangeState): Layer {
  const { delta, side } = layer;
  return { ...layer, delta: delta && change(delta, `state ${base}`), side: side && change(side, `side ${base}`) };
}

export class QueuedStore implements NodeStore {
  readonly path: string | undefined;
  readonly failed: Promise<PluvioError>;
  readonly report: OpenReport;
  readonly #link: StoreLink;
  readonly #limits: StoreLimits;
  readonly #queue: RequestQueue;
  readonly #seal: StateSeal | undefined;
  #scrubbed: Promise<void> = Promise.resolve();
  #closed: Promise<void> | undefined;

  constructor({ link, limits, now, path, seal }: QueuedStoreOptions) {
    this.#seal = seal;
    this.#link = link;
    this.#limits = limits;
    this.#queue = new RequestQueue(link, limits, now);
    this.path = path;
    this.failed = link.failed;
    this.report = link.report;
  }

  /** Looks for damaged rows while other requests are done; `damaged` waits for it. */
  scrub(): void {
    const steps = async (): Promise<void> => {
      let place: ScrubPlace | undefined = scrubStart(this.#limits.scrubBytes);
      while (place) place = await this.#queue.ask('scrub', [place]);
    };
    // It ends when the store is closed; a failure of the store is told to whoever asks for something.
    this.#scrubbed = steps().catch(() => undefined);
  }

  /** Takes the documents of an earlier layout of the data directory over. */
  async takeOverFolders(dataDir: string): Promise<void> {
    await upgradeFolders(
      dataDir,
      () => new WireWriter(this.#limits),
      (found) => this.#queue.ask('takeOver', [found]),
    );
  }

  collection(name: string): StoredRecords {
    return new QueuedRecords(name, this.#queue, this.#limits);
  }

  // Inputs.

  async appendInput(worker: string, input: NewInput): Promise<AppendedInput> {
    const [appended] = await this.appendInputs(worker, [input]);
    return appended ?? { seq: 0 }; // one input, one answer
  }

  appendInputs(worker: string, inputs: readonly NewInput[]): Promise<readonly AppendedInput[]> {
    return this.#write(
      'append',
      (wire) => [worker, inputs.map((input) => wire.input(input))],
      (wire) => ({ sizeBytes: wire.sizeBytes, isNewWork: true }),
    );
  }

  async pendingInputs(worker: string, afterSeq: number, limit: number): Promise<readonly JournalInput[]> {
    return (await this.#queue.ask('pending', [worker, afterSeq, limit])).map(withInfo);
  }

  outcomeOf(worker: string, seqOrKey: number | string): Promise<Result<'outcome'>> {
    return this.#queue.ask('outcome', [worker, seqOrKey]);
  }

  journalState(worker: string): Promise<JournalState | undefined> {
    return this.#queue.ask('journalState', [worker]);
  }

  startJournal(worker: string, lastSeq: number): Promise<void> {
    return this.#write('startJournal', (wire) => [worker, wire.whole(lastSeq, 'lastSeq')]);
  }

  commit(worker: string, commit: Commit, { give = false }: { readonly give?: boolean } = {}): Promise<Committed> {
    return this.#write(
      'commit',
      (wire) => [worker, wire.commit(this.#sealed(commit))],
      (wire) => ({ sizeBytes: wire.sizeBytes, give: give ? wire.buffers : [] }),
    );
  }

  // Checkpoints.

  history(worker: string): Promise<readonly CheckpointInfo[]> {
    return this.#queue.ask('history', [worker]);
  }

  async checkpoint(worker: string, id?: number): Promise<StoredCheckpoint | undefined> {
    const stored = await this.#queue.ask('checkpoint', [worker, id]);
    const seal = this.#seal;
    if (stored === undefined || seal === undefined) return stored;
    const plain = <Layer extends CheckpointLayer>(layer: Layer): Layer =>
      withState(stored.base, layer, (bytes, what) => seal.decrypt(bytes, what));
    return { ...plain(stored), below: stored.below.map(plain) };
  }

  #sealed(commit: Commit): Commit {
    const { checkpoint } = commit;
    const seal = this.#seal;
    if (checkpoint === undefined || seal === undefined) return commit;
    const sealed = withState(checkpoint.base, checkpoint, (bytes, what) => seal.encrypt(bytes, what));
    return { ...commit, checkpoint: sealed };
  }

  pinCheckpoint(worker: string, id: number, pinned: boolean): Promise<void> {
    return this.#queue.ask('pin', [worker, id, pinned]);
  }

  async roots(): Promise<readonly string[]> {
    const roots: string[] = [];
    for (let page; page === undefined || page.length === ROOTS_AT_ONCE;) {
      page = await this.#queue.ask('roots', [roots.at(-1) ?? '', ROOTS_AT_ONCE]);
      roots.push(...page);
    }
    return roots;
  }

  // Messages to other nodes.

  async outbox(limit: number): Promise<readonly OutboxEntry[]> {
    return (await this.#queue.ask('outbox', [limit])).map(withInfo);
  }

  outboxDone(ids: readonly number[]): Promise<void> {
    return this.#queue.ask('outboxDone', [ids]);
  }

  outboxFailed(id: number, nextMs: number): Promise<void> {
    return this.#write('outboxFailed', (wire) => [id, wire.whole(nextMs, 'nextMs')]);
  }

  // Timers and topics.

  dueTimers(nowMs: number, limit: number): Promise<readonly TimerEntry[]> {
    return this.#queue.ask('dueTimers', [nowMs, limit]);
  }

  fireTimers(nowMs: number, limit: number): Promise<readonly FiredTimer[]> {
    return this.#queue.ask('fireTimers', [nowMs, limit]);
  }

  nextDueMs(): Promise<number | undefined> {
    return this.#queue.ask('nextDueMs', []);
  }

  timers(worker: string): Promise<readonly TimerEntry[]> {
    return this.#queue.ask('timers', [worker]);
  }

  subscribe(worker: string, topic: string): Promise<void> {
    return this.#write('subscribe', (wire) => [worker, wire.text(topic, 'a topic')]);
  }

  unsubscribe(worker: string, topic: string): Promise<void> {
    return this.#queue.ask('unsubscribe', [worker, topic]);
  }

  subscribers(topic: string): Promise<readonly string[]> {
    return this.#queue.ask('subscribers', [topic]);
  }

  subscriptions(worker: string): Promise<readonly string[]> {
    return this.#queue.ask('topics', [worker]);
  }

  // Leaving and arriving.

  exportWorker(worker: string, { freeze = false }: { readonly freeze?: boolean } = {}): Promise<Uint8Array> {
    return this.#queue.ask('exportWorker', [worker, freeze]);
  }

  openJournals(): Promise<readonly OpenJournal[]> {
    return this.#queue.ask('openJournals', []);
  }

  thawWorker(worker: string): Promise<void> {
    return this.#queue.ask('thaw', [worker]);
  }

  importWorker(worker: string, bytes: Uint8Array, record?: unknown): Promise<void> {
    return this.#write('importWorker', (wire) => [
      worker,
      wire.bytes(bytes, 'a journal', Infinity),
      record === undefined ? undefined : wire.document(record),
    ]);
  }

  forgetWorker(worker: string, tombstone?: unknown): Promise<void> {
    return this.#write('forget', (wire) => [worker, tombstone === undefined ? undefined : wire.document(tombstone)]);
  }

  renameWorker(from: string, to: string, record: unknown): Promise<void> {
    return this.#write('rename', (wire) => [from, to, wire.document(record)]);
  }

  copyWorker(from: string, to: string, options: CopyOptions): Promise<void> {
    return this.#write('copy', (wire) => [from, to, { ...options, record: wire.document(options.record) }]);
  }

  // The store itself.

  async damaged(): Promise<readonly DamagedWorker[]> {
    await this.#scrubbed;
    return this.#queue.ask('damaged', []);
  }

  clearDamage(worker: string): Promise<void> {
    return this.#queue.ask('clearDamage', [worker]);
  }

  backup(path: string): Promise<void> {
    return this.#link.copyTo(path);
  }

  statistics(): StoreStatistics {
    const { requests, transactions, queuedRequests, queuedBytes, failures } = this.#queue;
    return { requests, transactions, queuedRequests, queuedBytes, failures };
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#queue.close().then(() => this.#link.close()));
  }

  /** Asks what `make` makes; arguments that do not fit are a rejection like any other. */
  async #write<Name extends OperationName>(
    operation: Name,
    make: (wire: WireWriter) => readonly [...Arguments<Name>],
    options: (wire: WireWriter) => AskOptions = ({ sizeBytes }) => ({ sizeBytes }),
  ): Promise<Result<Name>> {
    const wire = new WireWriter(this.#limits);
    const args = make(wire);
    return this.#queue.ask(operation, args, options(wire));
  }
}

const withInfo = <Row extends { readonly info: string }>(
  row: Row,
): Omit<Row, 'info'> & { readonly info: JsonData } => ({
  ...row,
  info: JSON.parse(row.info) as JsonData, // the text was made from JSON and its checksum was compared
});
