import { parseReference } from '../../../runtime/bundle/registry/index.ts';
import type { CommandAction, CommandRow } from '../command.ts';
import { saveBundle } from '../bundle-transfer.ts';
import { connect } from '../node-client.ts';
import { fileAndFormatOf, isSet, textOf } from '../option-values.ts';
import { BASE, NODE, PROGRESS, REGISTRY_OPTIONS, TOKEN_FILE, WORKER } from '../options.ts';
import { fetchBundle, notePushed, packShared, pushOf } from '../push-bundle.ts';
import { note, printJson, printLine, sizeText } from '../terminal.ts';

const action: CommandAction = async ({ args: [name = ''], options }) => {
  const { file: path, format } = fileAndFormatOf(options);
  const to = textOf(options, 'push');
  const reference = to === undefined ? undefined : parseReference(to);
  const { client, here } = await connect(options);
  const bundle = await client.workers.snapshot(name);
  const fileBytes = path === undefined ? 0 : await saveBundle(here(), bundle, path, isSet(options, 'progress'));
  const file = reference && (await fetchBundle(here(), bundle));
  const pushed = file && (await pushOf(await packShared(file.bundle, reference, options), reference, options));
  if (format === 'json') printJson({ ...bundle, file: path ?? null, pushed: pushed ?? null });
  else printLine(bundle.digest);
  if (path !== undefined)
    note(`${path} holds the state of "${name}" (${sizeText(fileBytes)}); it goes on with: pluvio resume ${path}`);
  if (pushed !== undefined) {
    notePushed(pushed);
    note(`the state of "${name}" goes on with: pluvio resume ${to ?? ''}`);
  } else if (path === undefined) {
    note(`the node keeps the bundle (${sizeText(bundle.sizeBytes)}); -o FILE.drop brings it here`);
  }
  return 0;
};

export const SNAPSHOT: CommandRow = {
  name: 'snapshot',
  summary: 'keep the state of a worker as a bundle; a running worker goes on',
  details:
    'The node keeps the bundle, and prints its digest; with -o FILE.drop it is fetched into a file, with --push it goes into a registry.',
  arguments: [WORKER],
  options: [
    {
      flags: '-o, --output <FILE|FORMAT>',
      description: 'a file for the bundle; or json or text, how the result is written. May be given for both',
      repeatable: true,
      completes: 'file',
    },
    {
      flags: '--push <REFERENCE>',
      description: 'a place in a registry for the bundle, such as registry.example.org/team/pi:monday',
      completes: 'nothing',
    },
    BASE,
    ...REGISTRY_OPTIONS,
    NODE,
    TOKEN_FILE,
    PROGRESS,
  ],
  examples: [
    { command: 'pluvio snapshot pi', does: 'on the node' },
    { command: 'pluvio snapshot pi -o pi.drop', does: 'into a file, which `pluvio resume pi.drop` goes on with' },
    { command: 'pluvio snapshot pi --push registry.example.org/team/pi:monday', does: 'into a registry' },
  ],
  load: () => Promise.resolve(action),
};
