import type { PluvioClient, WorkerInfo } from '../client/index.ts';
import { EXIT, type OptionValues } from './command.ts';
import { exitCodeOf, outcomeJson, reportOutcome, valueText } from './local/outcome.ts';
import { formatOf, isSet } from './option-values.ts';
import { sendInput } from './send-input.ts';
import { printJson, printLine } from './terminal.ts';
import { writePiece } from './worker-output.ts';

/** Tells what became of a worker that was set going: at once, or with --wait or --logs at its end. Gives the exit code. */
export async function watchWorker(client: PluvioClient, worker: WorkerInfo, options: OptionValues): Promise<number> {
  const isJson = formatOf(options) === 'json';
  const follows = isSet(options, 'logs');
  const sending = isSet(options, 'stdin') ? sendInput(client, worker.name, process.stdin) : Promise.resolve();
  if (!follows && !isSet(options, 'wait')) {
    if (isJson) printJson(worker);
    else printLine(`${worker.name}  ${worker.status}`);
    await sending;
    return EXIT.ok;
  }
  sending.catch(() => undefined); // a worker that has ended takes no more input
  if (follows) for await (const piece of client.workers.logs(worker.name, { follow: true })) await writePiece(piece);
  const outcome = await client.workers.waitOutcome(worker.name);
  if (outcome === null) return EXIT.ok;
  if (isJson && !follows) printJson({ worker: await client.workers.get(worker.name), outcome: outcomeJson(outcome) });
  else if (outcome.kind === 'returned') for (const value of outcome.values) printLine(valueText(value));
  reportOutcome(outcome, `worker "${worker.name}"`, follows ? undefined : worker.name);
  return exitCodeOf(outcome);
}
