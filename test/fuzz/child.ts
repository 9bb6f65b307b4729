/** A child process of the campaign: runs batches of cases, one after the other, as it is told. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCase, watchStrays } from './case.ts';
import type { Batch, BatchResult, Finding, FromChild } from './messages.ts';
import { reduceFinding } from './reduce.ts';
import type { Target } from './target.ts';
import { type TargetName, targetOf, TARGETS } from './targets.ts';

/** How often the parent hears that the child goes on. */
const PROGRESS_MS = 500;

const opened = new Map<TargetName, Promise<Target>>();
const open = (name: TargetName): Promise<Target> => {
  let target = opened.get(name);
  if (target === undefined) opened.set(name, (target = TARGETS[name].open()));
  return target;
};

const tell = (message: FromChild): void => void process.send?.(message);

const count = (counts: Record<string, Record<string, number>>, target: string, ending: string): void => {
  const own = (counts[target] ??= {});
  own[ending] = (own[ending] ?? 0) + 1;
};

async function runBatch(batch: Batch): Promise<BatchResult> {
  const { seed, targets, run } = batch;
  const coded: BatchResult['coded'] = {};
  const ran: BatchResult['ran'] = {};
  const findings: Finding[] = [];
  const known = new Set(batch.known);
  let cases = 0;
  let slowest = { caseNumber: batch.from, elapsedMs: 0 };
  let told = performance.now();
  for (let caseNumber = batch.from; caseNumber < batch.to; caseNumber++) {
    const name = targetOf(seed, caseNumber, targets);
    if (!run.includes(name)) continue;
    if (batch.careful || performance.now() - told > PROGRESS_MS) {
      tell({ kind: 'at', caseNumber });
      told = performance.now();
    }
    const target = await open(name);
    const start = performance.now();
    const ending = await runCase(target, seed, caseNumber);
    const elapsedMs = performance.now() - start;
    if (elapsedMs > slowest.elapsedMs) slowest = { caseNumber, elapsedMs };
    cases++;
    if (ending.kind === 'coded') count(coded, name, ending.code);
    else if (ending.kind === 'ran') count(ran, name, ending.how);
    else {
      const isNew = !known.has(ending.signature);
      known.add(ending.signature);
      const file = isNew ? await saveInput(batch, target, name, caseNumber, ending.signature) : undefined;
      const report = isNew ? ending.report : '';
      findings.push({ target: name, caseNumber, signature: ending.signature, report, file });
    }
  }
  return { cases, coded, ran, findings, slowest, residentBytes: process.memoryUsage.rss() };
}

async function saveInput(
  { seed, out }: Batch,
  target: Target,
  name: TargetName,
  caseNumber: number,
  signature: string,
): Promise<string | undefined> {
  if (signature.includes('the fuzzer made no input')) return undefined;
  const { bytes, base, salt } = await reduceFinding(target, seed, caseNumber, signature);
  const file = join(out, `${name}-${seed}-${caseNumber}.bin`);
  writeFileSync(file, bytes);
  writeFileSync(`${file}.json`, `${JSON.stringify({ target: name, seed, caseNumber, base, salt, signature })}\n`);
  return file;
}

watchStrays();
process.on('message', (batch: Batch) => {
  void runBatch(batch).then(
    (result) => tell({ kind: 'done', result }),
    (error: unknown) => {
      console.error('the fuzzer itself failed:', error);
      process.exit(70);
    },
  );
});
process.on('disconnect', () => process.exit(0));
tell({ kind: 'ready' });
