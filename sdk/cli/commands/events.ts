import type { CommandAction, CommandRow } from '../command.ts';
import { openClient } from '../node-client.ts';
import { countOf, formatOf, textOf } from '../option-values.ts';
import { REMOTE } from '../options.ts';
import { printJsonLine, printLine } from '../terminal.ts';
import { dateText } from '../worker-text.ts';

const action: CommandAction = async ({ options }) => {
  const client = await openClient(options);
  const after = countOf(options, 'after');
  const worker = textOf(options, 'worker');
  const count = countOf(options, 'count') ?? Infinity;
  const events = client.events({
    ...(after === undefined ? {} : { after }),
    ...(worker === undefined ? {} : { worker }),
  });
  let seen = 0;
  for await (const event of events) {
    if (seen++ >= count) break;
    if (formatOf(options) === 'json') printJsonLine(event);
    else {
      const facts = Object.entries(event.data).map(([key, value]) => `${key}=${String(value)}`);
      printLine([dateText(event.timeMs), event.kind.padEnd(13), event.worker, ...facts].join('  '));
    }
    if (seen >= count) break;
  }
  return 0;
};

export const EVENTS: CommandRow = {
  name: 'events',
  summary: 'show what happens to the workers of a node, as it happens',
  details: 'Goes on until it is interrupted. With -o json there is one JSON document per line.',
  arguments: [],
  options: [
    {
      flags: '--after <NUMBER>',
      description: 'begin after this number; 0: with all that the node remembers',
      completes: 'nothing',
    },
    { flags: '--worker <NAME>', description: 'only events of this worker', completes: 'worker' },
    { flags: '--count <NUMBER>', description: 'end after so many events', completes: 'nothing' },
    ...REMOTE,
  ],
  examples: [
    { command: 'pluvio events', does: 'from now on' },
    {
      command: 'pluvio events --after 0 --worker pi',
      does: 'all that the node remembers of one worker, and what comes',
    },
  ],
  load: () => Promise.resolve(action),
};
