/**
 * The audit log of a node: a line for every right that was used or refused.
 *
 * Boundary: a file that is only added to, in batches, beside the requests; `audit-chain.ts` says what stands in it.
 *
 * Invariants:
 * 1. `record` never waits and never throws. The queue is bounded; what does not fit is counted, and the next line says how many are missing.
 * 2. A batch is on disk (synced) before the next one begins. After a failed write the file is cut back to its last whole batch.
 * 3. A full file ends with a seal, is renamed to `<file>.<number of its first line>`, and the next one goes on with its chain.
 */
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PluvioError } from '../../errors/index.ts';
import type { Clock } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { type AuditFields, encodeLine, sealOf } from './audit-chain.ts';
import { type AuditPosition, readPosition, rotatedFiles } from './audit-files.ts';
import type { SigningKey } from './ed25519-keys.ts';

/** A right that was used or refused. */
export interface AuditEntry {
  /** Null: nobody that is known. */
  readonly subject: string | null;
  readonly tenant: string | null;
  readonly verb: string;
  readonly operation: string;
  readonly worker: string | null;
  /** `OK`, or the code of the error. */
  readonly code: string;
  readonly requestId: string;
}

export interface AuditLogOptions {
  readonly file: string;
  readonly key: SigningKey;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly fileBytes: number;
  /** Full files that are kept. */
  readonly files: number;
  /** Entries that may wait to be written. */
  readonly queueEntries?: number;
  /** For tests: stands for the file's own `appendFile`. */
  readonly append?: (file: FileHandle, bytes: Buffer) => Promise<void>;
}

const QUEUE_ENTRIES = 10_000;
/** Lines in one write. */
const BATCH_LINES = 1000;
/** Lines after which a seal is written, at the latest. */
export const SEAL_EVERY_LINES = 1000;
const RETRY_MS = 1000;
const TEXT_LENGTH = 128;

const short = (text: string | null): string | null => (text === null ? null : text.slice(0, TEXT_LENGTH));

interface Queued {
  readonly timeMs: number;
  readonly entry: AuditEntry;
  /** Entries before this one that did not fit into the queue. */
  readonly dropped: number;
}

export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #queueEntries: number;
  #file: FileHandle;
  #sizeBytes: number;
  #seq: number;
  #firstSeq: number;
  #chain: string;
  #sinceSeal = 0;
  readonly #queue: Queued[] = [];
  #dropped = 0;
  #droppedTotal = 0;
  #writing: Promise<void> | undefined;
  readonly #closing = new AbortController();

  private constructor(options: AuditLogOptions, file: FileHandle, state: AuditPosition) {
    this.#options = options;
    this.#queueEntries = options.queueEntries ?? QUEUE_ENTRIES;
    this.#file = file;
    this.#sizeBytes = state.sizeBytes;
    this.#seq = state.seq;
    this.#firstSeq = state.firstSeq;
    this.#chain = state.chain;
  }

  /**
   * Opens the log of an earlier process, or begins one. What a crash left of a last line is cut off.
   * @throws PluvioError `STORE_FAILED`, `AUDIT_BROKEN` if the file does not end as one
   */
  static async open(options: AuditLogOptions): Promise<AuditLog> {
    let file: FileHandle | undefined;
    try {
      await mkdir(dirname(options.file), { recursive: true, mode: 0o700 });
      file = await open(options.file, 'a+', 0o600);
      const position = await readPosition(file, options.file);
      await file.truncate(position.sizeBytes);
      const log = new AuditLog(options, file, position);
      if (position.sizeBytes === 0) await log.#write([log.#line(log.#headFields())]);
      return log;
    } catch (cause) {
      await file?.close();
      if (cause instanceof PluvioError) throw cause;
      throw new PluvioError('STORE_FAILED', `cannot open audit log ${options.file}: ${String(cause)}`, {}, { cause });
    }
  }

  /** Entries that did not fit into the queue so far. */
  get dropped(): number {
    return this.#droppedTotal;
  }

  get queued(): number {
    return this.#queue.length;
  }

  record(entry: AuditEntry): void {
    if (this.#closing.signal.aborted || this.#queue.length >= this.#queueEntries) {
      this.#dropped++;
      this.#droppedTotal++;
      return;
    }
    this.#queue.push({ timeMs: this.#options.clock.now(), entry, dropped: this.#dropped });
    this.#dropped = 0;
    this.#writing ??= this.#drain().finally(() => (this.#writing = undefined));
  }

  /** Done when all that was recorded before is on disk, or cannot be written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  /** Writes what waits and a seal. What cannot be written now is lost and told to the logger. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#writing;
    try {
      if (this.#sinceSeal > 0) await this.#write([this.#sealLine()]);
    } catch (error) {
      this.#tell(error);
    }
    await this.#file.close();
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, BATCH_LINES);
      const before = { seq: this.#seq, chain: this.#chain, sinceSeal: this.#sinceSeal };
      try {
        const lines = batch.map((queued) => this.#line(entryFields(queued)));
        if (this.#sinceSeal >= SEAL_EVERY_LINES) lines.push(this.#sealLine());
        await this.#write(lines);
      } catch (error) {
        [this.#seq, this.#chain, this.#sinceSeal] = [before.seq, before.chain, before.sinceSeal];
        this.#tell(error);
        if (this.#closing.signal.aborted) return;
        await this.#options.clock.sleep(RETRY_MS, this.#closing.signal);
        continue;
      }
      this.#queue.splice(0, batch.length);
      if (this.#sizeBytes >= this.#options.fileBytes) await this.#rotate().catch((error: unknown) => this.#tell(error));
    }
  }

  /** The text of the next line. */
  #line(fields: AuditFields): string {
    const { audit, seal, ...rest } = fields;
    const head = { ...(audit === undefined ? {} : { audit }), ...(seal === undefined ? {} : { seal }) };
    const { text, chain } = encodeLine({ ...head, seq: ++this.#seq, ...rest }, this.#chain);
    this.#chain = chain;
    this.#sinceSeal = seal === undefined ? this.#sinceSeal + 1 : 0;
    return text;
  }

  #time(): string {
    return new Date(this.#options.clock.now()).toISOString();
  }

  #headFields(): AuditFields {
    return { audit: 1, time: this.#time(), key: this.#options.key.keyId, before: this.#chain };
  }

  #sealLine(): string {
    const { key } = this.#options;
    return this.#line({ seal: sealOf(this.#chain, key), time: this.#time(), publicKey: key.publicText });
  }

  async #write(lines: readonly string[]): Promise<void> {
    this.#sizeBytes += await this.#append(this.#file, this.#sizeBytes, lines.join(''));
  }

  /** Adds text; where that fails the file is cut back to what it was. Gives the number of bytes. */
  async #append(file: FileHandle, sizeBytes: number, text: string): Promise<number> {
    const bytes = Buffer.from(text, 'utf8');
    try {
      await (this.#options.append?.(file, bytes) ?? file.appendFile(bytes));
      await file.datasync();
      return bytes.length;
    } catch (error) {
      await file.truncate(sizeBytes).catch(() => undefined);
      throw error;
    }
  }

  /** Where it fails, the file that is full goes on being used. */
  async #rotate(): Promise<void> {
    const { file: path, files } = this.#options;
    if (this.#sinceSeal > 0) {
      const seal = this.#sealLine();
      await this.#write([seal]);
    }
    const head = encodeLine({ ...this.#headFields(), seq: this.#seq + 1 }, this.#chain);
    const part = `${path}.part`;
    await rm(part, { force: true });
    const next = await open(part, 'a', 0o600);
    try {
      await this.#append(next, 0, head.text);
      await rename(path, `${path}.${String(this.#firstSeq).padStart(12, '0')}`);
      await rename(part, path);
    } catch (error) {
      await next.close();
      throw error;
    }
    await this.#file.close();
    this.#file = next;
    this.#sizeBytes = Buffer.byteLength(head.text);
    this.#firstSeq = ++this.#seq;
    this.#chain = head.chain;
    this.#sinceSeal = 1;
    for (const old of (await rotatedFiles(path)).slice(0, -files)) await rm(old, { force: true });
  }

  #tell(error: unknown): void {
    const facts = { file: this.#options.file, error: String(error), queued: this.#queue.length };
    this.#options.logger.log('error', 'the audit log could not be written', facts);
  }
}

const entryFields = ({ timeMs, entry, dropped }: Queued): AuditFields => ({
  time: new Date(timeMs).toISOString(),
  subject: short(entry.subject),
  tenant: short(entry.tenant),
  verb: entry.verb,
  operation: entry.operation,
  worker: short(entry.worker),
  code: entry.code,
  request: short(entry.requestId),
  ...(dropped === 0 ? {} : { dropped }),
});
