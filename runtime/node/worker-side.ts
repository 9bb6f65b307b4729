/** What a worker has beside its state: the log that is kept, and standard input that it has not taken. */
import type { Bundle } from './bundle-shelf.ts';
import { decodeSideState, encodeSideChange, encodeSideState } from './side-state.ts';
import { sideOf } from './stored-state.ts';
import { StdinQueue } from './stdin-queue.ts';
import { WorkerLog } from './worker-log.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { WorkerServices } from './worker-services.ts';

export class WorkerSide {
  readonly log: WorkerLog;
  readonly stdin: StdinQueue;
  readonly #services: WorkerServices;
  #opening: Promise<void> | undefined;
  #stdinOpen = false;

  /** @param poked Is told when standard input comes. */
  constructor(services: WorkerServices, poked: () => void) {
    this.#services = services;
    this.log = new WorkerLog(services.limits.logBytes, services.clock);
    this.stdin = new StdinQueue(services.limits.stdinBytes, poked);
  }

  /** Reads what belongs to the state that the record names; once. `bundle`: the one that has it, if it is at hand. */
  open(record: WorkerRecord, bundle?: Bundle): Promise<void> {
    return (this.#opening ??= this.#read(record, bundle));
  }

  /** What is here belongs to a state that is gone. */
  forget(): void {
    this.#opening = undefined;
  }

  async #read({ name, finalSide, checkpoint, bundle, stdinOpen }: WorkerRecord, ready?: Bundle): Promise<void> {
    const { shelf, post } = this.#services;
    const digest = checkpoint?.bundle ?? bundle;
    this.#stdinOpen = stdinOpen;
    let bytes: Uint8Array | null | undefined;
    if (finalSide !== null) bytes = await shelf.blob(finalSide);
    else if (checkpoint?.stored === true) bytes = sideOf(await post.store.checkpoint(name));
    else bytes = ready ? ready.log : await shelf.log(digest);
    if (bytes) {
      const side = decodeSideState(bytes);
      this.log.adopt(side.pieces, side.nextSeq);
      this.stdin.adopt(side.stdin);
      return;
    }
    const input = checkpoint?.stored === true ? undefined : stdinOf(ready ?? (await shelf.open(digest)));
    this.stdin.adopt({ pending: input ?? new Uint8Array(), closed: !stdinOpen || input !== undefined });
  }

  /** Whether it differs from what a worker has that begins. */
  get isWorthKeeping(): boolean {
    return this.#stdinOpen || this.log.nextSeq > 1 || this.stdin.heldBytes > 0;
  }

  /** @param journal What a new node of the worker needs of its journal. */
  encode(journal?: Uint8Array): Uint8Array {
    return encodeSideState(this.log, this.stdin, journal);
  }

  /** The same as a change of one whose log ended before a number. */
  encodeSince(logSeq: number): Uint8Array {
    return encodeSideChange(this.log, this.stdin, logSeq);
  }
}

/** The file of a bundle that its manifest gives as standard input. */
const stdinOf = ({ manifest, files }: Bundle): Uint8Array | undefined =>
  manifest.stdin === undefined ? undefined : files.get(manifest.stdin);
