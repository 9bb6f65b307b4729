import type { CommandAction, CommandRow } from '../command.ts';
import { openClient, readToken } from '../node-client.ts';
import { formatOf, textOf } from '../option-values.ts';
import { REMOTE, WORKER } from '../options.ts';
import { printFields, printJson, sizeText, timeText } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = '', target = ''], options }) => {
  const client = await openClient(options);
  const tokenFile = textOf(options, 'targetTokenFile');
  const token = tokenFile === undefined ? {} : { token: await readToken(tokenFile) };
  const moved = await client.workers.move(name, { target, ...token });
  if (formatOf(options) === 'json') {
    printJson(moved);
    return 0;
  }
  printFields([
    ['worker', moved.worker],
    ['location', moved.location],
    ['sent', sizeText(moved.bytesSent)],
    ['skipped', `${sizeText(moved.bytesSkipped)} that the target had`],
    ['sealed', moved.sealed ? 'to the target' : 'no'],
    ['downtime', timeText(moved.downtimeMs)],
    ['paused', timeText(moved.pausedMs)],
    ['phases', moved.phases.map((phase) => `${phase.name} ${timeText(phase.elapsedMs)}`).join(', ')],
  ]);
  return 0;
};

export const MOVE: CommandRow = {
  name: 'move',
  summary: 'move a worker to another node while it runs',
  arguments: [
    WORKER,
    { name: '<target>', description: 'address of the other node, as the first node reaches it', completes: 'nothing' },
  ],
  options: [
    { flags: '--target-token-file <FILE>', description: 'file with the token of the other node', completes: 'file' },
    ...REMOTE,
  ],
  examples: [
    { command: 'pluvio move pi http://127.0.0.1:7072', does: 'from the node on this machine to a second one' },
    {
      command: 'pluvio move pi https://edge.example.org --target-token-file edge.token',
      does: 'to a node that asks for a token',
    },
  ],
  load: () => Promise.resolve(action),
};
