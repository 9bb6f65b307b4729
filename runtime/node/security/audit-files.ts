/** The files of an audit log: the one that is written, and full ones beside it, `<file>.<number of the first line>`. */
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { PluvioError } from '../../errors/index.ts';
import { AuditVerifier, decodeLine, NO_CHAIN, type VerifyOptions } from './audit-chain.ts';

const TAIL_BYTES = 65_536;

/** Full files of a log, oldest first. */
export async function rotatedFiles(path: string): Promise<string[]> {
  const name = basename(path);
  const isFull = (other: string): boolean =>
    other.startsWith(`${name}.`) && /^\d{12,}$/.test(other.slice(name.length + 1));
  return (await readdir(dirname(path)))
    .filter(isFull)
    .sort()
    .map((other) => join(dirname(path), other));
}

export interface AuditPosition {
  readonly sizeBytes: number;
  /** Of the last line. */
  readonly seq: number;
  readonly firstSeq: number;
  readonly chain: string;
}

/**
 * Where a log goes on: after its last whole line, or after the last full file.
 * @throws PluvioError `AUDIT_BROKEN`
 */
export async function readPosition(file: FileHandle, path: string): Promise<AuditPosition> {
  const last = await lastLine(file, path);
  if (last) return { ...last, firstSeq: await firstSeqOf(file, path) };
  const full = (await rotatedFiles(path)).at(-1);
  if (full === undefined) return { sizeBytes: 0, seq: 0, firstSeq: 1, chain: NO_CHAIN };
  const before = await open(full, 'r');
  try {
    const { seq = 0, chain = NO_CHAIN } = (await lastLine(before, full)) ?? {};
    return { sizeBytes: 0, seq, firstSeq: seq + 1, chain };
  } finally {
    await before.close();
  }
}

async function lastLine(
  file: FileHandle,
  path: string,
): Promise<{ readonly sizeBytes: number; readonly seq: number; readonly chain: string } | undefined> {
  const { size } = await file.stat();
  const start = Math.max(0, size - TAIL_BYTES);
  const tail = Buffer.alloc(size - start);
  await file.read(tail, 0, tail.length, start);
  const end = tail.lastIndexOf(0x0a);
  if (end < 0 && size <= TAIL_BYTES) return undefined; // nothing, or a first line that a crash cut short
  const line = decodeLine(tail.subarray(tail.lastIndexOf(0x0a, end - 1) + 1, end).toString('utf8'));
  const seq = line?.fields['seq'];
  if (!line || typeof seq !== 'number') {
    throw new PluvioError('AUDIT_BROKEN', `${path} does not end as an audit log; move it away to begin a new one`, {
      path,
    });
  }
  return { sizeBytes: start + end + 1, seq, chain: line.chain };
}

async function firstSeqOf(file: FileHandle, path: string): Promise<number> {
  const head = Buffer.alloc(4096);
  const { bytesRead } = await file.read(head, 0, head.length, 0);
  const line = head.subarray(0, Math.max(0, head.subarray(0, bytesRead).indexOf(0x0a))).toString('utf8');
  const seq = decodeLine(line)?.fields['seq'];
  if (typeof seq === 'number') return seq;
  throw new PluvioError('AUDIT_BROKEN', `${path} does not begin as an audit log; move it away to begin a new one`, {
    path,
  });
}

export interface AuditSummary {
  readonly files: number;
  readonly lines: number;
  readonly seals: number;
  /** Lines after the last seal: only their chain speaks for them. */
  readonly unsealed: number;
}

/**
 * Verifies a log with the full files beside it, oldest first. A last line without its end, as a crash leaves it, does not count.
 * @param publicKey the node's (base64url); undefined: seals of any one key count
 * @throws PluvioError `AUDIT_BROKEN` with file and line; `FILE_FAILED`
 */
export async function verifyAuditLog(path: string, publicKey?: string): Promise<AuditSummary> {
  const summary = { files: 0, lines: 0, seals: 0, unsealed: 0 };
  let before: string | undefined;
  for (const file of [...(await filesOf(path)), path]) {
    const { lines, seals, unsealed, chain, fault } = await verifyFile(file, { before, publicKey });
    if (fault)
      throw new PluvioError('AUDIT_BROKEN', `${file}:${fault.line} ${fault.problem}`, { file, line: fault.line });
    before = chain;
    summary.files++;
    summary.lines += lines;
    summary.seals += seals;
    summary.unsealed = seals > 0 ? unsealed : summary.unsealed + unsealed;
  }
  return summary;
}

const failed = (path: string, cause: unknown): PluvioError =>
  new PluvioError('FILE_FAILED', `cannot read audit log ${path}: ${String(cause)}`, { path }, { cause });

const filesOf = (path: string): Promise<string[]> =>
  rotatedFiles(path).catch((cause: unknown) => Promise.reject(failed(path, cause)));

async function verifyFile(path: string, options: VerifyOptions): Promise<AuditVerifier['verdict']> {
  const verifier = new AuditVerifier(options);
  let pending: string | undefined;
  try {
    for await (const line of createInterface({ input: createReadStream(path) })) {
      if (pending !== undefined) verifier.take(pending);
      pending = line;
    }
    if (pending !== undefined && (await endsInNewline(path))) verifier.take(pending);
  } catch (cause) {
    throw failed(path, cause);
  }
  return verifier.verdict;
}

async function endsInNewline(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] === 0x0a;
  } finally {
    await file.close();
  }
}
