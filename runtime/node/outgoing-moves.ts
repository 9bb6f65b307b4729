/**
 * The source's side of a move.
 *
 * ```
 * offer → precopy (module and files, the worker still runs) → stop → capture → pack → transfer → prepare → commit → finish
 *                                            any failure up to here: the worker goes on ┘         │
 *                                            no answer: in doubt, ask until the target tells ─────┘
 * ```
 *
 * Invariants:
 * 1. Before the commit is sent, the journal holds all that is needed to ask the target again, and the worker's state is in the
 *    store: a crash of this node cannot lead to two copies, nor to none.
 * 2. After the commit was sent, the worker runs here again only if the target said that it does not and will not have it.
 * 3. The local copy goes only after the target said that the worker runs there.
 */
import { randomUUID } from 'node:crypto';
import { type Digest, encodeSignature, type GroupCache } from '../bundle/index.ts';
import { PluvioError } from '../errors/index.ts';
import type { MovePhaseName, MoveResult } from './api-types.ts';
import { pacedBlobs } from './blob-pacing.ts';
import type { FaultHook } from './faults.ts';
import type { Captured, HostedWorker, MoveMark } from './hosted-worker.ts';
import { checkJournal, type JournalEntry } from './move-journal.ts';
import { inSpan } from './metrics/tracing.ts';
import { parseTarget, Peer } from './peer.ts';
import { checkTarget } from './peer-rules.ts';
import type { RecordStore } from './record-store.ts';
import { sealMove } from './security/move-seal.ts';
import type { WorkerServices } from './worker-services.ts';
import type { WorkerTable } from './worker-table.ts';

/** Answers that mean: the target has not started the worker and never will. */
const REFUSALS: ReadonlySet<string> = new Set(['MOVE_NOT_FOUND', 'MOVE_EXPIRED']);

export interface MoveRequest {
  readonly target: string;
  readonly token?: string;
  /** W3C trace context of whoever asked. */
  readonly traceparent?: string | undefined;
}

const PAGE_BYTES = 65_536;
/** A worker with less memory is sent at once: capturing it twice costs more than it saves. */
const COPY_AHEAD_MIN_BYTES = 4 * 1024 * 1024;

type Verdict = 'there' | 'here';

export class OutgoingMoves {
  readonly #services: WorkerServices;
  readonly #table: WorkerTable;
  readonly #journal: RecordStore;
  readonly #fault: FaultHook;
  readonly #closing = new AbortController();
  /** Moves in doubt: an operator's word ends the asking. */
  readonly #doubts = new Map<string, PromiseWithResolvers<Verdict>>();
  readonly #entries = new Map<string, JournalEntry>();
  /** Ingress of the node that a worker runs on now, by the move. */
  readonly #ingresses = new Map<string, string | null>();
  readonly #asking = new Set<Promise<unknown>>();
  readonly #active = new Set<Promise<unknown>>();

  constructor(services: WorkerServices, table: WorkerTable, journal: RecordStore, fault: FaultHook) {
    this.#services = services;
    this.#table = table;
    this.#journal = journal;
    this.#fault = fault;
  }

  /** Digests that moves in doubt need. */
  roots(): string[] {
    return [...this.#entries.values()].flatMap(({ checkpoint }) => [checkpoint.bundle]);
  }

  #peer(target: string, token: string | undefined, traceparent?: string): Peer {
    const { limits, peers } = this.#services;
    const { peerMs: answerMs, transferMs } = limits;
    return new Peer({
      target,
      token,
      answerMs,
      transferMs,
      connect: peers.connect,
      traceparent,
      signal: this.#closing.signal,
    });
  }

  /**
   * Moves a worker to another node.
   * @throws PluvioError `MOVE_FAILED` (it goes on here), `MOVE_IN_DOUBT` (it stays stopped until the target tells)
   */
  move(name: string, request: MoveRequest): Promise<MoveResult> {
    const attributes = { 'pluvio.worker': name, 'pluvio.target': request.target };
    const options = { parent: request.traceparent, kind: 'client', attributes } as const;
    const moving = inSpan(this.#services.tracing, 'move', options, ({ traceparent }) =>
      this.#move(name, { ...request, traceparent }),
    );
    const over = moving.then(
      () => undefined,
      () => undefined,
    );
    this.#active.add(over);
    void over.then(() => this.#active.delete(over));
    return moving;
  }

  async #move(name: string, request: MoveRequest): Promise<MoveResult> {
    const target = parseTarget(request.target);
    checkTarget(this.#services.peers, target);
    const worker = this.#table.get(name);
    const id = randomUUID();
    const mark = await worker.beginMove(id, target);
    const peer = this.#peer(target, request.token, request.traceparent);
    const attempt = new MoveAttempt(this.#services, worker, mark, peer, this.#fault);
    this.#services.events.emit('move-started', name, { move: id, target });
    try {
      const transferred = await attempt.upToPrepared();
      return await this.#commit(attempt, transferred, request.token);
    } finally {
      void peer.close();
    }
  }

  async #commit(
    attempt: MoveAttempt,
    { bundle, resumable }: Transferred,
    token: string | undefined,
  ): Promise<MoveResult> {
    const { worker, mark, peer } = attempt;
    const entry: JournalEntry = {
      version: 1,
      id: mark.id,
      worker: worker.name,
      target: mark.target,
      token: token ?? null,
      resume: attempt.wasRunning,
      checkpoint: worker.checkpointOf(bundle, resumable),
    };
    attempt.enter('commit');
    try {
      await this.#journal.put(entry.id, entry);
    } catch (error) {
      throw await attempt.giveUp(error);
    }
    this.#entries.set(entry.id, entry);
    let verdict: Verdict | undefined;
    try {
      await this.#fault('commit-send', { moveId: mark.id, sentBytes: attempt.sentBytes });
      await this.#commitAt(peer, mark.id);
      await this.#fault('commit-answer', { moveId: mark.id, sentBytes: attempt.sentBytes });
      verdict = 'there';
    } catch (error) {
      this.#services.logger.log('warn', 'the answer to a commit is missing', { move: mark.id, error: String(error) });
      attempt.enter('in-doubt');
      this.#services.events.emit('move-in-doubt', worker.name, { move: mark.id, target: mark.target });
      verdict = REFUSALS.has((error as PluvioError).code) ? 'here' : undefined;
    }
    const settled = verdict ? Promise.resolve(verdict) : this.#ask(entry);
    const finished = settled.then((word) => this.#finish(entry, worker, word).then(() => word));
    this.#track(finished);
    const { clock, limits } = this.#services;
    const word = await Promise.race([
      finished,
      clock.sleep(limits.doubtMs, this.#closing.signal).then(() => undefined),
    ]);
    if (word === undefined) {
      throw new PluvioError(
        'MOVE_IN_DOUBT',
        `move ${mark.id} of worker "${worker.name}": ${mark.target} does not say whether the worker runs there; it stays stopped here, and the target is asked again until it tells`,
        { move: mark.id, target: mark.target },
      );
    }
    if (word === 'here') {
      throw new PluvioError(
        'MOVE_FAILED',
        `move ${mark.id}: ${mark.target} did not start worker "${worker.name}"; it goes on here`,
        { move: mark.id },
      );
    }
    return attempt.result(bundle);
  }

  async #commitAt(peer: Peer, id: string): Promise<void> {
    const { ingress = null } = await peer.commit(id);
    this.#ingresses.set(id, ingress === null ? null : reachable(ingress, peer.target));
  }

  #track(work: Promise<unknown>): void {
    const quiet = work.catch((error: unknown) => {
      this.#services.logger.log('error', 'a move could not be finished', { error: String(error) });
    });
    this.#asking.add(quiet);
    void quiet.then(() => this.#asking.delete(quiet));
  }

  /** Asks the target, with growing pauses, until it or an operator tells. Never settles once the node closes. */
  async #ask({ id, target, token }: JournalEntry): Promise<Verdict> {
    const { clock, limits, logger } = this.#services;
    const told = Promise.withResolvers<Verdict>();
    this.#doubts.set(id, told);
    const peer = this.#peer(target, token ?? undefined);
    const asked = (async (): Promise<Verdict> => {
      for (
        let pauseMs = limits.retryMinMs;
        !this.#closing.signal.aborted;
        pauseMs = Math.min(pauseMs * 2, limits.retryMaxMs)
      ) {
        await clock.sleep(pauseMs, this.#closing.signal);
        if (this.#closing.signal.aborted || !this.#doubts.has(id)) break;
        try {
          await this.#commitAt(peer, id);
          return 'there';
        } catch (error) {
          if (error instanceof PluvioError && REFUSALS.has(error.code)) return 'here';
          logger.log('info', 'a move is still in doubt', { move: id, target, error: String(error) });
        }
      }
      return new Promise<Verdict>(() => undefined);
    })();
    try {
      return await Promise.race([asked, told.promise]);
    } finally {
      this.#doubts.delete(id);
      void peer.close();
    }
  }

  async #finish(entry: JournalEntry, worker: HostedWorker, verdict: Verdict): Promise<void> {
    const { events } = this.#services;
    if (verdict === 'there') {
      const location = `${entry.target}/v1/workers/${entry.worker}`;
      await this.#table.bury(entry.worker, {
        movedTo: location,
        moveId: entry.id,
        ingress: this.#ingresses.get(entry.id) ?? null,
      });
      await this.#forget(entry);
      events.emit('moved', entry.worker, { move: entry.id, location });
    } else {
      await this.#services.post.store.thawWorker(entry.worker);
      await worker.adoptCheckpoint(entry.checkpoint);
      await this.#forget(entry);
      worker.endMove();
      if (entry.resume) await worker.resume();
      events.emit('move-failed', entry.worker, { move: entry.id, code: 'MOVE_EXPIRED' });
    }
    this.#services.shelf.collect();
  }

  async #forget(entry: JournalEntry): Promise<void> {
    this.#ingresses.delete(entry.id);
    await this.#journal.delete(entry.id);
    this.#entries.delete(entry.id);
  }

  /**
   * An operator's word on a move in doubt whose target cannot be asked any more.
   * @throws PluvioError `MOVE_NOT_FOUND`
   */
  settle(name: string, verdict: Verdict): void {
    const mark = this.#table.get(name).move;
    const told = mark && this.#doubts.get(mark.id);
    if (!told) throw new PluvioError('MOVE_NOT_FOUND', `worker "${name}" has no move in doubt`);
    told.resolve(verdict);
  }

  /** Takes up the moves that were in doubt when the last process ended. */
  async recover(): Promise<void> {
    for (const [key, document] of await this.#journal.list()) {
      const entry = checkJournal(key, document);
      const worker = this.#table.find(entry.worker);
      if (!worker || this.#table.isBuriedBy(entry.worker, entry.id)) {
        await this.#journal.delete(key);
        continue;
      }
      this.#entries.set(entry.id, entry);
      await worker.adoptCheckpoint(entry.checkpoint);
      worker.markMove({ id: entry.id, target: entry.target, phase: 'in-doubt' });
      this.#services.events.emit('move-in-doubt', entry.worker, { move: entry.id, target: entry.target });
      this.#track(this.#ask(entry).then((verdict) => this.#finish(entry, worker, verdict)));
    }
  }

  /** Resolves when no move is being finished; a doubt that nobody ended counts as finished. */
  async settled(): Promise<void> {
    if (this.#doubts.size === 0) await Promise.all(this.#asking);
  }

  /** Breaks off what can be broken off and stops asking; the journal stays. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#active);
  }
}

const ANY_ADDRESS: ReadonlySet<string> = new Set(['0.0.0.0', '[::]']);

/** An ingress that listens on every address of its node is reached where the node is. */
function reachable(ingress: string, target: string): string {
  const url = new URL(ingress);
  if (ANY_ADDRESS.has(url.hostname)) url.hostname = new URL(target).hostname;
  return url.origin;
}

interface Transferred {
  readonly bundle: string;
  readonly resumable: boolean;
}

/** One try, up to the point where the target is prepared, with its measurements. */
class MoveAttempt {
  readonly worker: HostedWorker;
  readonly mark: MoveMark;
  readonly peer: Peer;
  readonly #services: WorkerServices;
  readonly #fault: FaultHook;
  readonly #phases: { readonly name: MovePhaseName; readonly startMs: number }[] = [];
  readonly #skipped = new Map<string, number>();
  readonly #sent = new Set<string>();
  /** Memory as it was packed last: what did not change is not compressed again. */
  readonly #groups: GroupCache = new Map();
  #stopMs = 0;
  #pausedMs = 0;
  /** Key of the target that blobs are sealed to; undefined: they go as they are. */
  #sealTo: Uint8Array | undefined;
  #streams = 0;
  sentBytes = 0;
  wasRunning = false;
  #frozen = false;

  constructor(services: WorkerServices, worker: HostedWorker, mark: MoveMark, peer: Peer, fault: FaultHook) {
    this.#services = services;
    this.worker = worker;
    this.mark = mark;
    this.peer = peer;
    this.#fault = fault;
  }

  enter(name: MovePhaseName): void {
    this.mark.phase = name;
    this.#phases.push({ name, startMs: this.#services.clock.monotonicMs() });
  }

  async upToPrepared(): Promise<Transferred> {
    const { shelf, clock, post, peers } = this.#services;
    const { worker, mark, peer } = this;
    try {
      this.enter('precopy');
      const origin = worker.record.bundle;
      const offered = await peer.offer({ id: mark.id, worker: worker.name });
      this.#sealTo = peers.seal.keyFor(mark.target, offered);
      await this.#send(await shelf.blobs(await shelf.staticDigests(origin)));
      await peer.warm(mark.id, `sha256:${worker.record.module}`);
      await this.#copyAhead();
      this.enter('stop');
      this.#stopMs = clock.monotonicMs();
      this.wasRunning = await worker.pause();
      this.enter('capture');
      const journal = await post.store.exportWorker(worker.name, { freeze: true });
      this.#frozen = true;
      const captured = await worker.capture(journal);
      const { inputSeq } = worker.checkpointOf(worker.record.bundle, captured.resumable);
      this.enter('pack');
      const { fresh, createdMs, tenant, policy, routes } = worker.record;
      const { packed, stored } = await shelf.shelve(captured.bundle, 'held', { groupCache: this.#groups });
      const bundle = packed.digest;
      this.enter('transfer');
      await this.#send(packed.blobs);
      this.enter('prepare');
      await peer.prepare(mark.id, {
        bundle,
        run: this.wasRunning,
        fresh,
        createdMs,
        inputSeq,
        tenant,
        policy,
        signature: encodeSignature(await peers.sign(packed.manifestBytes)),
        routed: routes.length > 0,
      });
      await stored;
      return { bundle, resumable: captured.resumable };
    } catch (error) {
      throw await this.giveUp(error);
    }
  }

  /**
   * Sends the state of a large worker once while it runs, so that what goes over while it stands still is only what changed
   * since. It stands still for the capture alone.
   */
  async #copyAhead(): Promise<void> {
    const { worker } = this;
    const { clock, shelf } = this.#services;
    if (worker.info().memoryPages * PAGE_BYTES < COPY_AHEAD_MIN_BYTES) return;
    const startMs = clock.monotonicMs();
    if (!(await worker.pause())) return;
    let captured: Captured;
    try {
      captured = await worker.capture();
    } finally {
      worker.unpause();
      this.#pausedMs = clock.monotonicMs() - startMs;
    }
    const packed = await shelf.pack(captured.bundle, this.#groups);
    await this.#send(packed.blobs);
  }

  async #send(blobs: ReadonlyMap<Digest, Uint8Array>): Promise<void> {
    const missing = await this.peer.missing([...blobs.keys()]);
    const wanted = new Map([...blobs].filter(([digest]) => missing.has(digest)));
    for (const [digest, bytes] of blobs) {
      if (!missing.has(digest) && !this.#sent.has(digest)) this.#skipped.set(digest, bytes.length);
    }
    if (wanted.size === 0) return;
    const before = this.sentBytes;
    const stream = pacedBlobs(wanted, async (sentBytes) => {
      await this.#fault('transfer', { moveId: this.mark.id, sentBytes: before + sentBytes });
      this.sentBytes = before + sentBytes;
    });
    const { mark, peer } = this;
    if (this.#sealTo === undefined) await peer.sendBlobs(stream);
    else await peer.sendSealedBlobs(mark.id, sealMove(stream, this.#sealTo, mark.id, this.#streams++));
    for (const digest of wanted.keys()) this.#sent.add(digest);
  }

  /** Tells the target to forget it, lets the worker go on, and gives the error for the caller. */
  async giveUp(error: unknown): Promise<PluvioError> {
    const { worker, mark, peer } = this;
    const { logger, events, post } = this.#services;
    // Without this word the lease ends it; the worker need not wait for either.
    void peer.abort(mark.id).catch(() => undefined);
    if (this.#frozen) await post.store.thawWorker(worker.name).catch(() => undefined); // a store that fails says so at the next write
    if (this.wasRunning) worker.unpause();
    worker.endMove();
    const cause = error instanceof PluvioError ? error.code : 'INTERNAL';
    const message = error instanceof Error ? error.message : String(error);
    logger.log('warn', 'a move failed', {
      move: mark.id,
      worker: worker.name,
      phase: mark.phase,
      cause,
      error: message,
    });
    events.emit('move-failed', worker.name, { move: mark.id, code: cause, phase: mark.phase });
    if (error instanceof PluvioError && error.code === 'WORKER_ENDED') return error;
    return new PluvioError(
      'MOVE_FAILED',
      `move ${mark.id} of worker "${worker.name}" to ${mark.target} failed in phase ${mark.phase}, the worker goes on here: ${message}`,
      { move: mark.id, phase: mark.phase, cause },
      { cause: error },
    );
  }

  result(bundle: string): MoveResult {
    const endMs = this.#services.clock.monotonicMs();
    this.#services.metrics.moved({
      direction: 'out',
      outcome: 'moved',
      downtimeSeconds: (endMs - this.#stopMs) / 1000,
      bytes: this.sentBytes,
    });
    return {
      id: this.mark.id,
      worker: this.worker.name,
      location: `${this.mark.target}/v1/workers/${this.worker.name}`,
      bundle,
      bytesSent: this.sentBytes,
      bytesSkipped: [...this.#skipped.values()].reduce((sum, length) => sum + length, 0),
      pausedMs: this.#pausedMs,
      sealed: this.#sealTo !== undefined,
      downtimeMs: endMs - this.#stopMs,
      phases: this.#phases.map(({ name, startMs }, index) => ({
        name,
        elapsedMs: (this.#phases[index + 1]?.startMs ?? endMs) - startMs,
      })),
    };
  }
}
