/**
 * Runs a guest in this process: streams, signals, what is left behind.
 *
 * Invariants:
 * 1. SIGINT, SIGTERM and SIGHUP stop the guest at its next safepoint; a second one ends the process at once.
 * 2. However the guest ends, directories that are written back are written before the command ends.
 * 3. A bundle is left behind only where one was asked for, and whole.
 */
import { setImmediate } from 'node:timers/promises';
import type { Outcome } from '../../../runtime/engine/types.ts';
import { PluvioError } from '../../../runtime/errors/index.ts';
import { EXIT, type OptionValues } from '../command.ts';
import { note, pagesText, printJson, printLine, sizeText, timeText } from '../terminal.ts';
import { callArguments, componentArguments } from './call-arguments.ts';
import { guestEntries } from './guest-tree.ts';
import { bundleOfRun, type Guest, type GuestStreams, prepareGuest } from './guest.ts';
import { exitCodeOf, outcomeJson, reportOutcome, valueText } from './outcome.ts';
import { readProgramFile } from './program-file.ts';
import type { RunSettings } from './run-settings.ts';
import { saveGuest } from './save-bundle.ts';
import { CapturedOutput, guestOutput } from './streams.ts';
import { writeBack } from './write-back.ts';

const CAPTURE_MAX_BYTES = 64 * 2 ** 20;
/** As many frames of a guest as a trap shows. */
const TRACE_FRAMES = 100;
/** Signals that stop the guest, each with the exit code of a program that it ends: 128 and its number. */
const SIGNAL_EXIT = { SIGHUP: 129, SIGINT: EXIT.interrupted, SIGTERM: 143 } as const;
type Signal = keyof typeof SIGNAL_EXIT;
const SIGNALS = Object.keys(SIGNAL_EXIT) as Signal[]; // the keys of the table

/** Why the guest was stopped from outside. */
interface Interruption {
  signal?: Signal;
  outputClosed: boolean;
}

/** Runs a program until it ends or is interrupted; gives the exit code. */
export async function runHere(settings: RunSettings, options: OptionValues): Promise<number> {
  Error.stackTraceLimit = TRACE_FRAMES;
  const file = await readProgramFile(settings.path, options);
  const interruption: Interruption = { outputClosed: false };
  let stop = (): void => undefined;
  const captured = settings.format === 'json' ? new CapturedOutput(CAPTURE_MAX_BYTES) : undefined;
  const onBroken = (): void => {
    interruption.outputClosed = true;
    stop();
  };
  const streams: GuestStreams = {
    stdout: captured?.accept ?? guestOutput(process.stdout, onBroken),
    stderr: guestOutput(process.stderr, () => undefined),
    isTerminal: captured === undefined && process.stdout.isTTY,
  };
  const guest = await prepareGuest(await bundleOfRun(file, settings), settings, streams);
  checkKeepable(guest, settings);
  const begin = entryOf(guest, settings);
  const ignoreSignals = onSignals((signal) => {
    interruption.signal = signal;
    stop();
  });
  stop = () => {
    guest.input.hold();
    void guest.worker.stop();
  };
  const startMs = performance.now();
  const outcome = await begin();
  const elapsedMs = performance.now() - startMs;
  await setImmediate(); // what was on its way to the guest's input has arrived

  const saved = await keep(guest, outcome, settings);
  await bringBack(guest, settings);
  ignoreSignals();
  const exitCode = exitCodeAfter(outcome, interruption);
  const { fuelUsed, memoryPages } = guest.worker;
  if (captured !== undefined) {
    const stdout = { ...captured.toJSON(), ...(captured.isCut ? { isCut: true } : {}) };
    const interrupted = interruption.signal ?? null;
    printJson({
      outcome: outcomeJson(outcome),
      exitCode,
      interrupted,
      saved: saved ?? null,
      fuelUsed,
      memoryPages,
      elapsedMs,
      stdout,
    });
  } else if (outcome.kind === 'returned' && settings.invoke !== undefined) {
    for (const value of outcome.values) printLine(valueText(value));
  }
  tellEnd(outcome, interruption, settings, saved);
  if (settings.showsStats)
    note(`fuel ${fuelUsed}, time ${timeText(elapsedMs)}, memory ${pagesText(memoryPages)} (${memoryPages} pages)`);
  return exitCode;
}

/** A program whose state cannot be kept is refused before it runs. */
function checkKeepable({ module, bundle }: Guest, { onInterrupt }: RunSettings): void {
  if (onInterrupt === undefined || module.portability.migratable) return;
  const { reasons } = module.portability;
  throw new PluvioError(
    'NOT_MIGRATABLE',
    `the state of "${bundle.manifest.name}" cannot be kept: ${reasons.join('; ')}`,
    { reasons },
  );
}

/** How the guest is set going: resumed, called, or started. */
function entryOf(guest: Guest, settings: RunSettings): () => Promise<Outcome> {
  const { worker, module, bundle } = guest;
  const { invoke, path } = settings;
  if (worker.state === 'stopped') return () => worker.resume();
  if (invoke === undefined) {
    if (bundle.snapshot !== undefined && worker.fuelUsed > 0n) {
      throw new PluvioError('WORKER_NOT_RESUMABLE', `${path} holds a program with no call in progress`);
    }
    if (module.exportedFunc('_start') !== undefined) return () => worker.start();
    throw new PluvioError('EXPORT_NOT_FOUND', `${path} is no command: it exports no function "_start"`);
  }
  const func = module.exportedFunc(invoke);
  if (func === undefined) return () => worker.call(invoke); // the engine tells what there is
  // Arguments of the command line are the function's here.
  const exported = module.component?.exports.find(({ name }) => module.exportedFunc(name) === func);
  const args =
    exported === undefined
      ? callArguments(invoke, module.program.funcType(func), settings.args)
      : componentArguments(
          invoke,
          exported.type.params.map(([name, { kind }]) => ({ name, type: kind })),
          settings.args,
        );
  return async () => {
    if (bundle.snapshot === undefined && invoke !== '_initialize' && module.exportedFunc('_initialize') !== undefined) {
      const initialised = await worker.call('_initialize');
      if (initialised.kind !== 'returned') return initialised;
    }
    return worker.call(invoke, args);
  };
}

/** Calls back at the first signal; gives a function that ends this. */
function onSignals(first: (signal: Signal) => void): () => void {
  let isSecond = false;
  const listeners = SIGNALS.map((signal) => {
    const listener = (): void => {
      if (isSecond) process.exit(SIGNAL_EXIT[signal]);
      isSecond = true;
      first(signal);
    };
    process.on(signal, listener);
    return () => void process.off(signal, listener);
  });
  return () => listeners.forEach((end) => end());
}

interface Saved {
  readonly path: string;
  readonly sizeBytes: number;
}

async function keep(guest: Guest, outcome: Outcome, { onInterrupt }: RunSettings): Promise<Saved | undefined> {
  if (onInterrupt === undefined || guest.worker.state !== 'stopped') return undefined;
  if (outcome.kind !== 'stopped' && outcome.kind !== 'limit') return undefined;
  return { path: onInterrupt, sizeBytes: await saveGuest(guest, onInterrupt) };
}

async function bringBack(guest: Guest, { mounts }: RunSettings): Promise<void> {
  const { discarded, failures } = await writeBack(
    mounts,
    guest.before,
    guestEntries(guest.files, guest.host.snapshot()),
  );
  for (const failure of failures) note(`warning: ${failure}`);
  const [first] = discarded;
  if (first === undefined || (mounts.length === 0 && guest.bundle.files.size > 0)) return;
  const more = discarded.length > 1 ? ` and ${discarded.length - 1} more` : '';
  note(`note: the program wrote ${first}${more} to memory only; give it a directory with --dir to keep files`);
}

function exitCodeAfter(outcome: Outcome, { signal, outputClosed }: Interruption): number {
  if (outcome.kind !== 'stopped') return exitCodeOf(outcome);
  if (outputClosed) return EXIT.outputClosed;
  return SIGNAL_EXIT[signal ?? 'SIGINT'];
}

function tellEnd(
  outcome: Outcome,
  { outputClosed }: Interruption,
  { path }: RunSettings,
  saved: Saved | undefined,
): void {
  if (outcome.kind === 'stopped') {
    if (saved === undefined && !outputClosed)
      note('interrupted: the program has ended (--on-interrupt FILE.drop keeps its state)');
  } else {
    reportOutcome(outcome, path);
  }
  if (saved === undefined) return;
  note(
    `the state of the program is in ${saved.path} (${sizeText(saved.sizeBytes)}); it goes on with: pluvio resume ${saved.path}`,
  );
}
