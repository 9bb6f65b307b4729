import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { sendBundle } from '../bundle-transfer.ts';
import type { CommandAction, CommandRow } from '../command.ts';
import { fileFailure } from '../failure.ts';
import { connect } from '../node-client.ts';
import { formatOf, isSet } from '../option-values.ts';
import { PROGRESS, REMOTE, WORKER } from '../options.ts';
import { sealedKeyOf } from '../sealed-file.ts';
import { printJson, printLine } from '../terminal.ts';
import type { PluvioClient } from '../../client/index.ts';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

const action: CommandAction = async ({ args: [name = '', bundle = ''], options }) => {
  const { client, here } = await connect(options);
  await client.workers.get(name); // from here on `here` is the node that it is on
  const digest = DIGEST.test(bundle) ? bundle : await send(here(), bundle, isSet(options, 'progress'));
  const updated = await here().workers.update(name, {
    bundle: digest,
    keep: isSet(options, 'keep'),
    storage: isSet(options, 'storage'),
  });
  if (formatOf(options) === 'json') printJson(updated);
  else printLine(`${updated.worker.name}  ${updated.worker.status}  state ${updated.state}`);
  return 0;
};

async function send(client: PluvioClient, path: string, showsProgress: boolean): Promise<string> {
  const { size } = await stat(path).catch((cause: unknown) => {
    throw fileFailure('read bundle', path, cause);
  });
  const isSealed = (await sealedKeyOf(path)) !== undefined;
  return (await sendBundle(client, createReadStream(path), size, showsProgress, isSealed)).digest;
}

export const UPDATE: CommandRow = {
  name: 'update',
  summary: 'give a worker another version: a new bundle under its name',
  details:
    'With the same module it goes on with its state, under the new manifest. With another one it begins anew, and its state stays in the history; `pluvio rollback` goes back to both.',
  arguments: [
    WORKER,
    { name: '<bundle>', description: 'a .drop file, or the digest of a bundle that the node has', completes: 'file' },
  ],
  options: [
    { flags: '--keep', description: 'refuse rather than begin anew' },
    { flags: '--storage', description: 'keep keys, blobs, timers and topics where the module is another one' },
    PROGRESS,
    ...REMOTE,
  ],
  examples: [{ command: 'pluvio update shop shop-2.drop', does: 'send a bundle and use it from now on' }],
  load: () => Promise.resolve(action),
};
