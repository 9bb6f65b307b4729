/** `push`: a file, or a worker with its state, into a registry. */
import { basename } from 'node:path';
import { type Bundle, packBundle } from '../../runtime/bundle/index.ts';
import { parseReference, type RegistryReference } from '../../runtime/bundle/registry/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import { type CommandAction, EXIT, type OptionValues } from './command.ts';
import { type BundleFile, namesProgram, readProgramFile, workerNameOf } from './local/program-file.ts';
import { connect } from './node-client.ts';
import { formatOf, isSet, textOf } from './option-values.ts';
import { fetchBundle, notePushed, packShared, pushOf } from './push-bundle.ts';
import { printJson, printLine } from './terminal.ts';

type Packed = Pick<BundleFile, 'digest' | 'manifestBytes' | 'blobs' | 'signature'>;

async function packCode({ manifest, module, files }: Pick<Bundle, 'manifest' | 'module' | 'files'>): Promise<Packed> {
  const packed = await packBundle({ manifest, module, files }, nodeCodecs);
  return { ...packed, signature: undefined };
}

/** The bundle that an argument names: a file's, or a snapshot of a worker. */
async function bundleOf(what: string, reference: RegistryReference, options: OptionValues): Promise<Packed> {
  if (namesProgram(what)) {
    const file = await readProgramFile(what, options);
    if (file.kind === 'module') {
      const manifest = { schemaVersion: 1, name: workerNameOf(what), args: [basename(what)] } as const;
      return packCode({ manifest, module: file.module, files: new Map() });
    }
    if (file.bundle.snapshot === undefined) return file;
    if (isSet(options, 'code')) return packCode(file.bundle);
    return textOf(options, 'base') === undefined ? file : packShared(file.bundle, reference, options);
  }
  const { client, here } = await connect(options);
  if (isSet(options, 'code')) {
    // Of the bundle that it was made of: that can be had also when it has ended.
    const { bundle: digest } = await client.workers.get(what);
    return packCode((await fetchBundle(here(), await here().bundles.get(digest))).bundle);
  }
  const { bundle } = await fetchBundle(here(), await client.workers.snapshot(what));
  return packShared(bundle, reference, options);
}

export const pushAction: CommandAction = async ({ args: [what = '', to = ''], options }) => {
  const reference = parseReference(to);
  const pushed = await pushOf(await bundleOf(what, reference, options), reference, options);
  if (formatOf(options) === 'json') printJson(pushed);
  else printLine(pushed.reference);
  notePushed(pushed);
  return EXIT.ok;
};
