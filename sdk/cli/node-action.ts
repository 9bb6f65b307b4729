import { jsonLogger, type NodeLimits, startNode } from '../../runtime/node/index.ts';
import { type CommandAction, EXIT, type OptionValues } from './command.ts';
import { DEFAULT_NODE, readToken } from './node-client.ts';
import { formatOf, isSet, listOf, textOf } from './option-values.ts';
import { note, printJsonLine } from './terminal.ts';
import { UsageError } from './usage-error.ts';

/** @throws UsageError; the node itself checks names and ranges */
function limitsOf(options: OptionValues): Partial<NodeLimits> {
  const entries = listOf(options, 'limit').map((text): [string, number] => {
    const match = /^([A-Za-z]+)=(\d+)$/.exec(text);
    if (match === null) throw new UsageError(`--limit is "${text}"; it must be NAME=NUMBER, for example workers=100`);
    return [match[1] ?? '', Number(match[2])];
  });
  return Object.fromEntries(entries);
}

/** The first signal ends the wait; a second one ends the process. */
function firstSignal(): Promise<void> {
  return new Promise((resolve) => {
    let isSecond = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (isSecond) process.exit(EXIT.interrupted);
        isSecond = true;
        resolve();
      });
    }
  });
}

export const nodeAction: CommandAction = async ({ options }) => {
  const dataDir = textOf(options, 'data');
  const tokenFile = textOf(options, 'tokenFile');
  const token = tokenFile === undefined ? process.env['PLUVIO_TOKEN'] : await readToken(tokenFile);
  const name = textOf(options, 'name');
  const signalled = firstSignal();
  const node = await startNode({
    listen: textOf(options, 'listen') ?? new URL(DEFAULT_NODE).host,
    origins: listOf(options, 'origin'),
    limits: limitsOf(options),
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(token === undefined || token === '' ? {} : { token }),
    ...(name === undefined ? {} : { name }),
    ...(isSet(options, 'verbose') ? { logger: jsonLogger((line) => process.stderr.write(line)) } : {}),
  });
  if (formatOf(options) === 'json') printJsonLine({ url: node.url, name: node.name });
  note(`node "${node.name}" listens on ${node.url}${dataDir === undefined ? '; its state is in memory only' : ''}`);
  await signalled;
  note(`node "${node.name}" is closing`);
  await node.close();
  return EXIT.ok;
};
