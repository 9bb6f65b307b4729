import { setTimeout } from 'node:timers/promises';
import { PluvioError } from '../../../runtime/errors/index.ts';
import type { DrainState, PluvioClient } from '../../client/index.ts';
import type { CommandAction, CommandRow } from '../command.ts';
import { openClient, readToken } from '../node-client.ts';
import { formatOf, isSet, textOf } from '../option-values.ts';
import { REMOTE } from '../options.ts';
import { note, printJson, printLine } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const LOOK_AGAIN_MS = 200;

const action: CommandAction = async ({ options }) => {
  const client = await openClient(options);
  const target = textOf(options, 'to');
  const tokenFile = textOf(options, 'targetTokenFile');
  if (tokenFile !== undefined && target === undefined) throw new UsageError('--target-token-file needs --to');
  if (isSet(options, 'end')) {
    if (target !== undefined) throw new UsageError('--end cannot be used with --to');
    await client.endDrain();
    if (formatOf(options) === 'json') printJson(null);
    return 0;
  }
  const token = tokenFile === undefined ? {} : { token: await readToken(tokenFile) };
  await client.drain(target === undefined ? {} : { target, ...token });
  const drained = await drainedNode(client);
  if (formatOf(options) === 'json') printJson(drained);
  else printLine(`moved ${drained.moved}, kept ${drained.kept}, failed ${drained.failed}`);
  for (const { worker, code } of drained.failures) note(`${worker}: ${code}`);
  return drained.failed === 0 ? 0 : 1;
};

async function drainedNode(client: PluvioClient): Promise<DrainState> {
  for (;;) {
    const { drain } = await client.node();
    if (drain === null) throw new PluvioError('ABORTED', 'somebody ended the drain');
    if (drain.done) return drain;
    await setTimeout(LOOK_AGAIN_MS);
  }
}

export const DRAIN: CommandRow = {
  name: 'drain',
  summary: 'empty a node: take no more work, keep every worker or move it',
  details:
    'The node refuses new workers and inputs from then on, and is not ready. Running workers go on until they are moved, or the node ends. Ends when every worker was dealt with; 1 if some could not be.',
  arguments: [],
  options: [
    { flags: '--to <URL>', description: 'move workers to this node, one after the other', completes: 'nothing' },
    { flags: '--target-token-file <FILE>', description: 'file with the token of that node', completes: 'file' },
    { flags: '--end', description: 'take work again' },
    ...REMOTE,
  ],
  examples: [
    { command: 'pluvio drain', does: 'before the node is ended' },
    { command: 'pluvio drain --to http://10.0.0.8:7071', does: 'before its machine is' },
  ],
  load: () => Promise.resolve(action),
};
