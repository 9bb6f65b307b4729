/** A process that checks programs: when one crashes or hangs the engine, this ends and the run goes on. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeFunction, decodeModule, OP, type OpName, printModule } from '../../runtime/wasm/index.ts';
import { checkProgram, type CheckOptions, type Difference } from './check.ts';
import { newCoverage } from './generate/emitter.ts';
import { generateProgram } from './generate/program.ts';
import { noCounts, type Report, type Request, type Settings } from './messages.ts';
import type { Subject } from './modes.ts';
import { reduceProgram } from './reduce.ts';

const REDUCE_MS = 120_000;
/** A candidate may have lost what ends its loops; programs use some thousands. */
const REDUCE_FUEL_MAX = 2_000_000n;

const settings = JSON.parse(process.argv[2] ?? '{}') as Settings; // written by run.ts
const coverage = newCoverage();

const report = (message: Report): void => void process.send?.(message);

function hasInstruction(bytes: Uint8Array, name: OpName): boolean {
  const module = decodeModule(bytes);
  return module.funcs.some(({ body }, func) => {
    if (body === undefined) return false;
    const { code } = decodeFunction(module, func);
    return code.op.subarray(0, code.length).includes(OP[name]);
  });
}

/** What is wrong with a program. */
async function differenceOf(subject: Subject, number: number, options: Partial<CheckOptions> = {}) {
  const { plant, seed, unwinds } = settings;
  const verdict = await checkProgram(subject, { unwinds, seed: seed + number, ...options });
  const planted: Difference = { unwind: 'throw', mode: 'undisturbed', kind: 'planted', detail: `has ${plant}` };
  const difference = plant !== undefined && hasInstruction(subject.bytes, plant) ? planted : verdict.difference;
  return { verdict, difference };
}

async function check(from: number, to: number): Promise<void> {
  const counts = noCounts();
  coverage.fill(0);
  for (let number = from; number < to; number++) {
    report({ kind: 'begun', number });
    const program = generateProgram(settings.seed, number, coverage);
    const { verdict, difference } = await differenceOf(program, number);
    counts.programs++;
    counts.safepoints += verdict.safepoints;
    counts.runs += verdict.runs;
    counts.uncaptured += verdict.uncaptured;
    counts.heaps += verdict.heaps;
    counts.notMigratable += verdict.migratable ? 0 : 1;
    counts.trapped += verdict.trapped ? 1 : 0;
    counts.instructions += program.instructions;
    if (difference !== undefined) report({ kind: 'different', number, difference });
  }
  const covered = Array.from(coverage.keys()).filter((row) => (coverage[row] ?? 0) > 0);
  report({ kind: 'checked', counts, covered });
}

function save(
  file: string,
  { unwind, mode, kind, detail }: Difference,
  args: Subject['args'],
  bytes: Uint8Array,
): void {
  const shownArgs = args.map((each) => (typeof each === 'bigint' ? `${each}n` : String(each))).join(', ');
  writeFileSync(`${file}.wasm`, bytes);
  writeFileSync(
    `${file}.txt`,
    `${unwind} ${mode} ${kind}\nrun(${shownArgs})\n${detail}\n\n${printModule(decodeModule(bytes))}`,
  );
}

async function reduce(number: number, found: Difference): Promise<void> {
  const { args, bytes } = generateProgram(settings.seed, number);
  const file = join(settings.out, `seed-${settings.seed}-program-${number}`);
  mkdirSync(settings.out, { recursive: true });
  writeFileSync(`${file}.original.wasm`, bytes);
  save(file, found, args, bytes);
  let last = found;
  const sameIn = async (candidate: Uint8Array, unwinds = settings.unwinds): Promise<boolean> => {
    const { difference } = await differenceOf({ args, bytes: candidate }, number, {
      unwinds,
      fuelMax: REDUCE_FUEL_MAX,
    });
    if (difference?.kind !== found.kind || difference.mode !== found.mode) return false;
    last = difference;
    return true;
  };
  // One way of unwinding is enough if the runs of that way differ among themselves.
  const unwinds = (await sameIn(bytes, [found.unwind])) ? [found.unwind] : settings.unwinds;
  const reduced = await reduceProgram(bytes, (candidate) => sameIn(candidate, unwinds), {
    now: () => performance.now(),
    deadlineMs: performance.now() + REDUCE_MS,
  });
  save(file, last, args, reduced);
  report({ kind: 'reduced', number, file, sizeBytes: reduced.length });
}

process.on('message', (request: Request) => {
  const work = request.kind === 'check' ? check(request.from, request.to) : reduce(request.number, request.difference);
  // A fault of this program itself: the run sees the process end, with the number that it was at.
  work.catch((error: unknown) => {
    console.error(error);
    process.exit(3);
  });
});
report({ kind: 'ready' });
