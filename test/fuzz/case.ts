/**
 * One case: an input is made, given to its target, and its ending judged.
 *
 * Invariant: an ending is `coded` (a PluvioError with a code of the table and a message), `ran` (a well-behaved run) or a finding.
 */
import { ERROR_CODES, PluvioError } from '../../runtime/errors/index.ts';
import { checkCanaries, checkPrototypes } from './canaries.ts';
import { Choices } from './choices.ts';
import { watchPeak } from './peak-memory.ts';
import { type Input, mustHold, type Target, Violation } from './target.ts';

export type Ending =
  | { readonly kind: 'coded'; readonly code: string }
  | { readonly kind: 'ran'; readonly how: string }
  | { readonly kind: 'finding'; readonly signature: string; readonly report: string };

/** How much more memory the process may hold at the peak of a case than before it, besides what its input explains. */
const MEMORY_RISE_MAX_BYTES = 512 * 2 ** 20;
const MEMORY_RISE_PER_INPUT_BYTE = 256;
const MESSAGE_MAX_LENGTH = 20_000;

/** A name for a fault that is equal for equal faults: what was thrown, without numbers, and where. */
export function signatureOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown ${typeof thrown}`;
  const text = `${thrown.name}: ${thrown.message}`.slice(0, 160).replaceAll(/0x[0-9a-f]+|\d+/g, 'N');
  const at = /((?:runtime|sdk)\/[\w/.-]+?):(\d+)/.exec(thrown.stack ?? '')?.[0];
  return at === undefined ? text : `${text} at ${at}`;
}

function reportOf(thrown: unknown): string {
  const describe = (error: unknown): string =>
    error instanceof Error ? (error.stack ?? String(error)) : `thrown: ${String(error)}`;
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  return describe(thrown) + (cause === undefined ? '' : `\ncaused by ${describe(cause)}`);
}

const findingOf = (thrown: unknown): Ending => ({
  kind: 'finding',
  signature: signatureOf(thrown),
  report: reportOf(thrown),
});

/** Whether it is a refusal as the project promises: a code of the caller's, and a message that tells something. */
function isRefusal(thrown: unknown): thrown is PluvioError {
  return (
    thrown instanceof PluvioError &&
    Object.hasOwn(ERROR_CODES, thrown.code) &&
    thrown.code !== 'INTERNAL' &&
    thrown.message.length > 10 &&
    thrown.message.length < MESSAGE_MAX_LENGTH
  );
}

/** Exceptions that nobody waited for, since the last case ended. */
const strays: unknown[] = [];

/** Takes note of promises that reject with nobody listening, for as long as the process lives. */
export function watchStrays(): void {
  process.on('unhandledRejection', (reason) => void strays.push(reason));
  process.on('uncaughtException', (error) => void strays.push(error));
}

const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Every so many cases all canaries are looked at. */
const FULL_CHECK_EVERY = 64;
let checked = 0;

/** Looks at what a case did to the process. @throws Violation */
function checkProcess({ memoryRiseBytes = MEMORY_RISE_MAX_BYTES }: Target, input: Input, riseBytes: number): void {
  const [stray] = strays;
  if (stray !== undefined) throw new Violation(`a stray rejection: ${signatureOf(stray)}`, { cause: stray });
  checkPrototypes();
  if (++checked % FULL_CHECK_EVERY === 0) checkCanaries();
  const allowed = memoryRiseBytes + MEMORY_RISE_PER_INPUT_BYTE * input.bytes.length;
  mustHold(riseBytes < allowed, () => `memory rose by ${riseBytes} bytes for an input of ${input.bytes.length}`);
}

/** Gives an input to its target. */
export async function checkInput(target: Target, input: Input): Promise<Ending> {
  const riseBytes = watchPeak();
  let ending: Ending;
  try {
    ending = { kind: 'ran', how: await target.check(input) };
  } catch (thrown) {
    ending = isRefusal(thrown) ? { kind: 'coded', code: thrown.code } : findingOf(thrown);
  }
  await nextTurn();
  try {
    checkProcess(target, input, riseBytes());
  } catch (thrown) {
    if (ending.kind !== 'finding') ending = findingOf(thrown);
  }
  strays.length = 0;
  return ending;
}

/** The input of a case; a target that cannot make one has a fault of its own, which shows as one. */
export async function makeInput(
  target: Target,
  seed: number,
  caseNumber: number,
  without: ReadonlySet<number> = new Set(),
): Promise<{ readonly input: Input; readonly changeCount: number }> {
  const choices = new Choices(seed, caseNumber, without);
  return { input: await target.make(choices), changeCount: choices.changeCount };
}

/** Makes the input of a case and gives it to its target; an input that cannot be made is a finding about the fuzzer. */
export async function runCase(target: Target, seed: number, caseNumber: number): Promise<Ending> {
  let input: Input;
  try {
    ({ input } = await makeInput(target, seed, caseNumber));
  } catch (thrown) {
    return findingOf(new Violation(`the fuzzer made no input: ${signatureOf(thrown)}`, { cause: thrown }));
  }
  return checkInput(target, input);
}
