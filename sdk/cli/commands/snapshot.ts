import type { CommandAction, CommandRow } from '../command.ts';
import { saveBundle } from '../bundle-transfer.ts';
import { connect } from '../node-client.ts';
import { isSet, listOf, textOf } from '../option-values.ts';
import { NODE, PROGRESS, TOKEN_FILE, WORKER } from '../options.ts';
import { readSealTarget } from '../sealed-file.ts';
import { note, printJson, printLine, sizeText } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';

const FORMATS: readonly string[] = ['json', 'text'];

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const given = listOf(options, 'output');
  const files = given.filter((value) => !FORMATS.includes(value));
  if (files.length > 1) throw new UsageError(`--output names ${files.length} files; it must name one`);
  const [path] = files;
  const sealTo = textOf(options, 'sealTo');
  if (sealTo !== undefined && path === undefined) throw new UsageError('--seal-to needs a file: -o FILE.drop');
  const connection = await connect(options);
  const { client, here } = connection;
  const seal = sealTo === undefined ? undefined : await readSealTarget(sealTo, connection);
  const bundle = await client.workers.snapshot(name);
  const fileBytes =
    path === undefined ? 0 : await saveBundle(here(), bundle, path, isSet(options, 'progress'), seal?.publicKey);
  if (given.includes('json')) printJson({ ...bundle, file: path ?? null });
  else printLine(bundle.digest);
  if (path === undefined)
    note(`the node keeps the bundle (${sizeText(bundle.sizeBytes)}); -o FILE.drop brings it here`);
  else note(`${path} holds the state of "${name}" (${sizeText(fileBytes)}); it goes on with: pluvio resume ${path}`);
  if (seal !== undefined)
    note(
      `${path} is sealed to the key ${seal.keyId}${seal.voucher === undefined ? '' : ` of the node ${seal.voucher}`}`,
    );
  return 0;
};

export const SNAPSHOT: CommandRow = {
  name: 'snapshot',
  summary: 'keep the state of a worker as a bundle; a running worker goes on',
  details: 'The node keeps the bundle, and prints its digest; with -o FILE.drop it is fetched into a file.',
  arguments: [WORKER],
  options: [
    {
      flags: '-o, --output <FILE|FORMAT>',
      description: 'a file for the bundle; or json or text, how the result is written. May be given for both',
      repeatable: true,
      completes: 'file',
    },
    {
      flags: '--seal-to <FILE|URL>',
      description:
        'seal the file to a node: its address, or a file with its sealing key or with what it answers to GET /v1/node',
      completes: 'file',
    },
    NODE,
    TOKEN_FILE,
    PROGRESS,
  ],
  examples: [
    { command: 'pluvio snapshot pi', does: 'on the node' },
    { command: 'pluvio snapshot pi -o pi.drop', does: 'into a file, which `pluvio resume pi.drop` goes on with' },
    {
      command: 'pluvio snapshot pi -o pi.drop --seal-to https://edge.example.org',
      does: 'into a file that only that node can read: pluvio resume pi.drop --node https://edge.example.org',
    },
  ],
  load: () => Promise.resolve(action),
};
