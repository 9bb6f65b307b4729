import type { CommandAction, CommandRow } from '../command.ts';
import { untypedArgument } from '../local/call-arguments.ts';
import { exitCodeOf, outcomeJson, reportOutcome, valueText } from '../local/outcome.ts';
import { connect } from '../node-client.ts';
import { durationOf, formatOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printBytes, printJson, printJsonLine, printLine } from '../terminal.ts';
import { interfaceOf, typedArguments, unnamedArguments } from '../typed-call.ts';
import { UsageError } from '../usage-error.ts';

const action: CommandAction = async ({ args: [name = '', exportName = '', ...texts], options }) => {
  const { client, here } = await connect(options);
  const worker = await client.workers.get(name); // from here on `here` is the node that it is on
  const exported = await interfaceOf(here(), worker, exportName);
  const isJson = formatOf(options) === 'json';
  const deadlineMs = durationOf(options, 'deadline');
  if (exported?.params !== undefined && exported.encoding !== 'core') {
    const result = await here().workers.callTyped(name, exportName, typedArguments(exportName, exported, texts), {
      deadlineMs,
    });
    if (isJson) printJson(result);
    else printJsonLine(result);
    return 0;
  }
  if (exported !== undefined && exported.encoding !== 'core') {
    if (texts.length > 1) throw new UsageError(`"${exportName}" takes one input; ${texts.length} are given`);
    const output = await here().workers.stream(name, exportName, texts[0] ?? '', { deadlineMs });
    for await (const bytes of output) printBytes(bytes);
    return 0;
  }
  const args =
    exported === undefined
      ? await unnamedArguments(() => here().workers.interface(name), exportName, texts)
      : texts.map(untypedArgument);
  const outcome = await here().workers.call(name, exportName, args, { deadlineMs });
  if (isJson) printJson(outcomeJson(outcome));
  else if (outcome.kind === 'returned') for (const value of outcome.values) printLine(valueText(value));
  reportOutcome(outcome, `"${exportName}" of worker "${name}"`, name);
  return exitCodeOf(outcome);
};

export const CALL: CommandRow = {
  name: 'call',
  summary: 'call a function that a worker exports',
  details:
    'Arguments of a typed export or of a component are JSON, and so is its result; a text may be given bare, bytes of a typed export are base64. An export that takes bytes gets the one argument as it is, and what it writes is printed as it comes. Arguments of others are numbers, and their results are printed one per line. An i64 is written as 5n; a typed export takes 5 too. What follows -- is an argument, also when it looks like an option.',
  arguments: [
    WORKER,
    { name: '<export>', description: 'name of the function', completes: 'nothing' },
    { name: '[args...]', description: 'its arguments', completes: 'nothing' },
  ],
  options: [
    {
      flags: '--deadline <TIME>',
      description:
        'when the call is given up if it is not over, such as 10s; a bare number is seconds (default: never)',
      completes: 'nothing',
    },
    ...REMOTE,
  ],
  examples: [
    { command: `pluvio call greeter greet '"Ada"'`, does: 'call a typed export' },
    { command: 'pluvio call greeter greet Ada', does: 'the same, with the text bare' },
    { command: 'pluvio call counter add 5n -o json', does: 'call with an i64, and print the outcome as JSON' },
  ],
  takesNumbers: true,
  load: () => Promise.resolve(action),
};
