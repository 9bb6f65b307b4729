import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { countOf, formatOf, isSet, textOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { UsageError } from '../usage-error.ts';
import { pieceJson, writePiece } from '../worker-output.ts';
import { printJson, printJsonLine } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const follow = isSet(options, 'follow');
  const after = countOf(options, 'after');
  const stream = textOf(options, 'stream');
  if (stream !== undefined && stream !== 'stdout' && stream !== 'stderr') {
    throw new UsageError(`--stream is "${stream}"; it must be stdout or stderr`);
  }
  const { workers } = await openClient(options);
  const pieces = workers.logs(name, {
    follow,
    ...(after === undefined ? {} : { after }),
    ...(stream === undefined ? {} : { stream }),
  });
  const isJson = formatOf(options) === 'json';
  const all: unknown[] = [];
  for await (const piece of pieces) {
    if (!isJson) await writePiece(piece);
    else if (follow) printJsonLine(pieceJson(piece));
    else all.push(pieceJson(piece));
  }
  if (isJson && !follow) printJson(all);
  return 0;
};

export const LOGS: CommandRow = {
  name: 'logs',
  summary: 'write the output of a worker',
  details:
    'Its standard output goes to standard output, its standard error to standard error. A worker that moves is followed to its new node. With -f and -o json there is one JSON document per line.',
  arguments: [WORKER],
  options: [
    { flags: '-f, --follow', description: 'go on until the worker ends' },
    { flags: '--after <NUMBER>', description: 'only pieces with a higher number', completes: 'nothing' },
    { flags: '--stream <NAME>', description: 'only stdout or stderr', choices: ['stdout', 'stderr'] },
    ...REMOTE,
  ],
  examples: [
    { command: 'pluvio logs pi', does: 'the output so far' },
    { command: 'pluvio logs -f pi', does: 'and what comes, wherever the worker goes' },
  ],
  load: () => Promise.resolve(action),
};
