import type { CommandAction, CommandRow } from '../command.ts';
import type { CheckpointInfo } from '../../client/index.ts';
import { openClient } from '../node-client.ts';
import { countOf, formatOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { pagesText, printJson, printTable, sizeText } from '../terminal.ts';
import { dateText } from '../worker-text.ts';

const COLUMNS: readonly (readonly [title: string, cell: (checkpoint: CheckpointInfo) => string])[] = [
  ['ID', ({ id }) => String(id)],
  ['TAKEN', ({ atMs }) => dateText(atMs)],
  ['SIZE', ({ sizeBytes }) => sizeText(sizeBytes)],
  ['ON', ({ parent }) => (parent === null ? '' : String(parent))],
  ['MEMORY', ({ memoryPages }) => pagesText(memoryPages)],
  ['FUEL', ({ fuelUsed }) => fuelUsed],
  ['INPUTS', ({ inputSeq }) => String(inputSeq)],
  ['CALL', ({ resumable }) => (resumable ? 'in progress' : '')],
  ['PINNED', ({ pinned }) => (pinned ? 'yes' : '')],
];

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const { workers } = await openClient(options);
  const pin = countOf(options, 'pin');
  const unpin = countOf(options, 'unpin');
  if (pin !== undefined) await workers.pin(name, pin);
  if (unpin !== undefined) await workers.pin(name, unpin, false);
  const checkpoints = await workers.history(name);
  if (formatOf(options) === 'json') printJson(checkpoints);
  else {
    printTable(
      COLUMNS.map(([title]) => title),
      checkpoints.map((checkpoint) => COLUMNS.map(([, cell]) => cell(checkpoint))),
    );
  }
  return 0;
};

export const HISTORY: CommandRow = {
  name: 'history',
  summary: 'list the states that a worker can be set back to',
  arguments: [WORKER],
  options: [
    { flags: '--pin <ID>', description: 'keep this one until it is unpinned', completes: 'nothing' },
    {
      flags: '--unpin <ID>',
      description: 'keep this one no longer than the retention of the node',
      completes: 'nothing',
    },
    ...REMOTE,
  ],
  examples: [{ command: 'pluvio history pi', does: 'newest first' }],
  load: () => Promise.resolve(action),
};
