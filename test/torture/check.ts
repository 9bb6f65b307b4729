/** Compares the runs of one program. */
import { isDeepStrictEqual } from 'node:util';
import { loadModule, type LoadedModule } from '../../runtime/engine/index.ts';
import type { UnwindMode } from '../../runtime/instrument/index.ts';
import { Random } from './generate/random.ts';
import { type Finished, type ModeName, MODES, type Observed, runBare, type Subject } from './modes.ts';

/** Where a run differs, and how: the first difference that is found. */
export interface Difference {
  readonly unwind: UnwindMode;
  readonly mode: ModeName | 'load';
  /** The part that differs, or the error that was thrown. */
  readonly kind: string;
  readonly detail: string;
}

export interface Verdict {
  readonly difference: Difference | undefined;
  readonly runs: number;
  /** Breaks of all runs. */
  readonly safepoints: number;
  readonly migratable: boolean;
  readonly uncaptured: number;
  readonly heaps: number;
  readonly trapped: boolean;
}

export interface CheckOptions {
  readonly unwinds: readonly UnwindMode[];
  /** Chooses the random stops. */
  readonly seed: number;
  /** A program that uses more is not compared: nothing limits the bare engine. Default: the program is known to end. */
  readonly fuelMax?: bigint;
}

const PARTS: readonly (keyof Observed)[] = ['result', 'log', 'memories', 'globals', 'tables'];

/** What each way of unwinding is tried with. Slices and random stops take the same paths in both. */
const MODES_OF: Readonly<Record<UnwindMode, readonly ModeName[]>> = {
  throw: ['undisturbed', 'sliced', 'stopped'],
  flag: ['undisturbed', 'stopped', 'random'],
};
/** Of a program whose state cannot be captured. */
const MODES_IN_PLACE: readonly ModeName[] = ['undisturbed', 'sliced'];

const shown = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'bigint'
      ? `${item}n`
      : item instanceof Uint8Array
        ? Buffer.from(item).toString('hex').slice(0, 400)
        : item,
  )?.slice(0, 800) ?? 'undefined';

/** Name and values of the first part in which two runs differ. */
function compare(
  found: Finished,
  bare: Observed,
  first: Finished | undefined,
): { kind: string; detail: string } | undefined {
  const differ = (kind: string, actual: unknown, expected: unknown) =>
    isDeepStrictEqual(actual, expected)
      ? undefined
      : { kind, detail: `${kind} is ${shown(actual)}, expected ${shown(expected)}` };
  for (const part of PARTS) {
    if (bare[part] === undefined) continue;
    const difference = differ(part, found.observed[part], bare[part]);
    if (difference !== undefined) return difference;
  }
  if (first === undefined) return undefined;
  if (first.state !== undefined && found.state !== undefined) {
    const difference = differ('state', found.state, first.state);
    if (difference !== undefined) return difference;
  }
  return found.trapped ? undefined : differ('fuelUsed', found.fuelUsed, first.fuelUsed);
}

const faultOf = (error: unknown): { kind: string; detail: string } => ({
  kind: `error ${error instanceof Error ? error.message.replaceAll(/\d+/g, 'N').slice(0, 80) : 'unknown'}`,
  detail: error instanceof Error ? (error.stack ?? error.message) : String(error),
});

/** The program in each way of unwinding, or the error that loading gave. */
async function loadAll(bytes: Uint8Array, unwinds: readonly UnwindMode[]): Promise<LoadedModule[] | Difference> {
  const modules: LoadedModule[] = [];
  for (const unwind of unwinds) {
    try {
      modules.push(await loadModule(bytes, { unwind }));
    } catch (error) {
      return { unwind, mode: 'load', ...faultOf(error) };
    }
  }
  return modules;
}

/** Counts of a verdict while it comes about. */
interface Tally {
  runs: number;
  safepoints: number;
  uncaptured: number;
  heaps: number;
}

/** Runs a program in every way. Never throws for what the program or this engine does. */
export async function checkProgram(subject: Subject, options: CheckOptions): Promise<Verdict> {
  const tally: Tally = { runs: 0, safepoints: 0, uncaptured: 0, heaps: 0 };
  const modules = await loadAll(subject.bytes, options.unwinds);
  const [first] = Array.isArray(modules) ? modules : [];
  const none = { migratable: first?.portability.migratable === true, trapped: false };
  if (!Array.isArray(modules)) return { difference: modules, ...tally, ...none };
  if (first !== undefined && options.fuelMax !== undefined && !(await ends(first, subject, options.fuelMax)))
    return { difference: undefined, ...tally, ...none };
  const bare = runBare(subject);
  const difference = await compareAll(modules, subject, bare, options, tally);
  return { difference, ...tally, ...none, runs: tally.runs + 1, trapped: typeof bare.result === 'string' };
}

/** Whether the program ends within that fuel. */
async function ends(module: LoadedModule, { args }: Subject, fuelMax: bigint): Promise<boolean> {
  try {
    return (await MODES.undisturbed(module, args, new Random(0), fuelMax)).observed.result !== 'ended: limit';
  } catch {
    return false;
  }
}

async function compareAll(
  modules: readonly LoadedModule[],
  { args }: Subject,
  bare: Observed,
  { unwinds, seed }: CheckOptions,
  tally: Tally,
): Promise<Difference | undefined> {
  let first: Finished | undefined;
  for (const [at, module] of modules.entries()) {
    const unwind = unwinds[at] ?? 'throw';
    for (const mode of module.portability.migratable ? MODES_OF[unwind] : MODES_IN_PLACE) {
      try {
        const found = await MODES[mode](module, args, new Random(seed, ++tally.runs));
        tally.safepoints += found.breaks;
        tally.uncaptured += found.uncaptured;
        tally.heaps += found.heaps;
        const difference = compare(found, bare, first);
        if (difference !== undefined) return { unwind, mode, ...difference };
        first ??= found;
      } catch (error) {
        return { unwind, mode, ...faultOf(error) };
      }
    }
  }
  return undefined;
}
