import { appendFile, type FileHandle, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../clock.ts';
import { jsonLogger, silentLogger } from '../logger.ts';
import { encodeLine, NO_CHAIN } from './audit-chain.ts';
import { rotatedFiles, verifyAuditLog } from './audit-files.ts';
import { type AuditEntry, AuditLog, type AuditLogOptions, SEAL_EVERY_LINES } from './audit-log.ts';
import { generateSigningKey } from './ed25519-keys.ts';

const key = generateSigningKey();
let folder: string;
let next = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pluvio-audit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const freshFile = (): string => join(folder, String(next++), 'audit.log');
const openLog = (file: string, options: Partial<AuditLogOptions> = {}): Promise<AuditLog> =>
  AuditLog.open({ file, key, clock: systemClock, logger: silentLogger, fileBytes: 2 ** 30, files: 10, ...options });
const entryOf = (index: number): AuditEntry => ({
  subject: 'alice/ci',
  tenant: null,
  verb: 'call',
  operation: 'callExport',
  worker: `web-${index}`,
  code: index % 2 === 0 ? 'OK' : 'FORBIDDEN',
  requestId: `r${index}`,
});
async function written(entries: number, options: Partial<AuditLogOptions> = {}): Promise<string> {
  const file = freshFile();
  const log = await openLog(file, options);
  for (let index = 0; index < entries; index++) log.record(entryOf(index));
  await log.close();
  return file;
}
const linesOf = async (file: string): Promise<string[]> => (await readFile(file, 'utf8')).split('\n').slice(0, -1);
const brokenAt = (line: number, problem: RegExp) => ({
  code: 'AUDIT_BROKEN',
  message: expect.stringMatching(problem) as unknown,
  details: expect.objectContaining({ line }) as unknown,
});

describe('an audit log', () => {
  it('has a line for every use of a right, in order, sealed at its end', async () => {
    const file = await written(3);
    const lines = (await linesOf(file)).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { audit: 1, seq: 1, key: key.keyId, before: NO_CHAIN },
      { seq: 2, subject: 'alice/ci', tenant: null, verb: 'call', worker: 'web-0', code: 'OK', request: 'r0' },
      { seq: 3, worker: 'web-1', code: 'FORBIDDEN' },
      { seq: 4, worker: 'web-2' },
      { seq: 5, publicKey: key.publicText },
    ]);
    expect(await verifyAuditLog(file, key.publicText)).toEqual({ files: 1, lines: 5, seals: 1, unsealed: 0 });
  });

  it('goes on after a restart, also after one that tore the last line', async () => {
    const file = await written(2);
    await appendFile(file, '{"seq":5,"time":"20');
    const log = await openLog(file);
    log.record(entryOf(7));
    await log.close();
    expect(await verifyAuditLog(file, key.publicText)).toMatchObject({ lines: 6, seals: 2, unsealed: 0 });
    await writeFile(file, '{"audit":1,"se');
    await (await openLog(file)).close();
    expect(await verifyAuditLog(file)).toMatchObject({ lines: 2 });
  });

  it('is sealed every so many lines', async () => {
    const file = await written(2 * SEAL_EVERY_LINES + 10);
    const { seals } = await verifyAuditLog(file, key.publicText);
    expect(seals).toBeGreaterThanOrEqual(2);
  });

  it('begins a new file when one is full, keeps so many, and the chain goes through', async () => {
    const file = freshFile();
    const log = await openLog(file, { fileBytes: 2000, files: 3 });
    for (let index = 0; index < 60; index++) {
      log.record(entryOf(index));
      await log.flush();
    }
    await log.close();
    expect(await rotatedFiles(file)).toHaveLength(3);
    expect(await readdir(join(file, '..'))).toHaveLength(4);
    expect(await verifyAuditLog(file, key.publicText)).toMatchObject({ files: 4, unsealed: 0 });
    const [, middle] = (await rotatedFiles(file)) as [string, string];
    await rm(middle);
    await expect(verifyAuditLog(file)).rejects.toMatchObject(brokenAt(1, /does not go on from the file before/));
  });
});

describe('what is done to a log shows', () => {
  it.each<[string, (lines: string[]) => string[], number, RegExp]>([
    ['an altered field', (l) => l.with(2, l[2]!.replace('FORBIDDEN', 'OK')), 3, /was altered/],
    ['a line left out', (l) => l.toSpliced(2, 1), 3, /has number 4; it must be 3/],
    ['two lines exchanged', (l) => [l[0]!, l[2]!, l[1]!, ...l.slice(3)], 2, /has number 3/],
    ['a line twice', (l) => [l[0]!, l[1]!, l[1]!, ...l.slice(2)], 3, /has number 2/],
    ['a line of another form', (l) => l.with(1, '{}'), 2, /is no line/],
    ['text that is no JSON', (l) => l.with(1, `{x,"chain":"${'A'.repeat(43)}"}`), 2, /is no line/],
    ['a head that is gone', (l) => l.slice(1), 1, /does not begin a file/],
    ['a false seal', (l) => l.with(-1, resealed(l, { seal: 'A'.repeat(86) })), 5, /has a false seal/],
    [
      'a seal of another key',
      (l) => l.with(-1, resealed(l, { publicKey: 'A'.repeat(43) })),
      5,
      /sealed with another key/,
    ],
  ])('%s', async (_, change, line, problem) => {
    const file = await written(3);
    await writeFile(
      file,
      change(await linesOf(file))
        .map((text) => `${text}\n`)
        .join(''),
    );
    await expect(verifyAuditLog(file, key.publicText)).rejects.toMatchObject(brokenAt(line, problem));
  });

  it('a chain that was computed anew lacks the seal', async () => {
    const file = await written(3);
    const lines = await linesOf(file);
    let chain = NO_CHAIN;
    const forged = lines.map((line) => {
      const { chain: _, ...fields } = JSON.parse(line.replace('FORBIDDEN', 'OK')) as Record<string, string>;
      const encoded = encodeLine(fields, chain);
      chain = encoded.chain;
      return encoded.text;
    });
    await writeFile(file, forged.join(''));
    await expect(verifyAuditLog(file, key.publicText)).rejects.toMatchObject(brokenAt(5, /has a false seal/));
  });

  it('what is cut off after the last seal does not, and is counted', async () => {
    const file = await written(3);
    await writeFile(file, `${(await linesOf(file)).slice(0, -2).join('\n')}\n`);
    expect(await verifyAuditLog(file, key.publicText)).toMatchObject({ seals: 0, unsealed: 3 });
  });

  it('a file that does not end as a log is not gone on with', async () => {
    const file = await written(1);
    await appendFile(file, 'nonsense\n');
    await expect(openLog(file)).rejects.toMatchObject({ code: 'AUDIT_BROKEN' });
  });
});

/** The last line with other fields and a chain that fits them. */
function resealed(lines: readonly string[], change: Readonly<Record<string, string>>): string {
  const { chain: _, ...fields } = JSON.parse(lines.at(-1)!) as Record<string, string>;
  const { chain } = JSON.parse(lines.at(-2)!) as { chain: string };
  return encodeLine({ ...fields, ...change }, chain).text.trimEnd();
}

describe('limits', () => {
  it('a full queue drops entries, counts them, and the next line tells how many', async () => {
    const file = freshFile();
    const log = await openLog(file, { queueEntries: 5 });
    for (let index = 0; index < 8; index++) log.record(entryOf(index));
    expect({ queued: log.queued, dropped: log.dropped }).toEqual({ queued: 5, dropped: 3 });
    await log.flush();
    log.record(entryOf(8));
    await log.close();
    const lines = (await linesOf(file)).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-2)).toMatchObject({ worker: 'web-8', dropped: 3 });
    expect(await verifyAuditLog(file, key.publicText)).toMatchObject({ lines: 8 });
  });

  it('long texts are cut', async () => {
    const file = freshFile();
    const log = await openLog(file);
    log.record({ ...entryOf(0), worker: 'x'.repeat(10_000) });
    await log.close();
    expect((await linesOf(file))[1]!.length).toBeLessThan(500);
  });
});

it('what cannot be written is told, kept and written when it can be', async () => {
  const file = freshFile();
  const told: string[] = [];
  const slept = Promise.withResolvers<void>();
  const woken = Promise.withResolvers<void>();
  const clock: Clock = {
    ...systemClock,
    sleep: () => {
      slept.resolve();
      return woken.promise;
    },
  };
  let isFull = false;
  const append = async (handle: FileHandle, bytes: Buffer): Promise<void> => {
    await handle.appendFile(isFull ? bytes.subarray(0, 10) : bytes);
    if (isFull) throw new Error('ENOSPC');
  };
  const log = await openLog(file, { clock, append, logger: jsonLogger((line) => told.push(line)) });
  isFull = true;
  log.record(entryOf(0));
  await slept.promise;
  isFull = false;
  expect(told.join('')).toContain('the audit log could not be written');
  log.record(entryOf(1));
  woken.resolve();
  await log.flush();
  await log.close();
  expect(await verifyAuditLog(file, key.publicText)).toMatchObject({ lines: 4, seals: 1 });
  expect((await linesOf(file)).map((line) => (JSON.parse(line) as { worker?: string }).worker)).toEqual([
    undefined,
    'web-0',
    'web-1',
    undefined,
  ]);
});

it('a file that cannot be opened is an error at once', async () => {
  await expect(openLog(join(import.meta.filename, 'audit.log'))).rejects.toMatchObject({ code: 'STORE_FAILED' });
});
