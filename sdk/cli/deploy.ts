/** Puts a program onto a node as a worker. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import type { PluvioClient, WorkerInfo } from '../client/index.ts';
import { sendBundle } from './bundle-transfer.ts';
import type { OptionValues } from './command.ts';
import { bundleOfRun } from './local/guest.ts';
import { namesReference, type ProgramFile, readProgramFile, workerNameOf } from './local/program-file.ts';
import type { RunSettings } from './local/run-settings.ts';
import { openClient } from './node-client.ts';
import { isSet, workerNameOption } from './option-values.ts';
import { sealedKeyOf } from './sealed-file.ts';
import { UsageError } from './usage-error.ts';
import { watchWorker } from './watch-worker.ts';

/** Options that mean something only where the guest runs in this process. */
const LOCAL_ONLY = [
  { name: 'onInterrupt', flag: '--on-interrupt' },
  { name: 'stats', flag: '--stats' },
  { name: 'dir', flag: '--dir', instead: 'a node gets a copy of a directory: use --copy-dir' },
  { name: 'invoke', flag: '--invoke', instead: 'make the worker, and then use `pluvio call`' },
] as const;

/** Options that rule what this command reads from a registry, and not what a node does. */
const OWN_RULES = [
  { name: 'trust', flag: '--trust' },
  { name: 'requireSignature', flag: '--require-signature' },
  { name: 'plainHttp', flag: '--plain-http' },
  { name: 'allowPrivate', flag: '--allow-private' },
] as const;
const NODE_RULES = 'the config of the node says whose bundles it takes, and from where';

/** Creates a worker on the node that the options name; gives the exit code. */
export async function deploy(settings: RunSettings, options: OptionValues): Promise<number> {
  for (const row of LOCAL_ONLY) {
    if (options[row.name] === undefined) continue;
    throw new UsageError(`${row.flag} cannot be used with --node`, 'instead' in row ? row.instead : undefined);
  }
  const client = await openClient(options);
  if (isSet(options, 'nodePulls'))
    return watchWorker(client, await createFromRegistry(client, settings, options), options);
  if (!namesReference(settings.path) && (await sealedKeyOf(settings.path)) !== undefined)
    return watchWorker(client, await createSealed(client, settings, options), options);
  const file = await readProgramFile(settings.path, options);
  return watchWorker(client, await create(client, file, settings, options), options);
}

const isUnchanged = ({ args, env, limits, mounts }: RunSettings): boolean =>
  args.length + mounts.length + Object.keys(env).length + Object.keys(limits).length === 0;

/** Has the node pull what the settings name. */
function createFromRegistry(client: PluvioClient, settings: RunSettings, options: OptionValues): Promise<WorkerInfo> {
  if (!namesReference(settings.path)) throw new UsageError(`--node-pulls needs a reference; ${settings.path} is none`);
  if (!isUnchanged(settings))
    throw new UsageError('--node-pulls takes the bundle as it is, without arguments, variables and limits');
  refuseOwnRules(options, '--node-pulls');
  return client.workers.create({ reference: settings.path, ...namedBy(options) });
}

/** @throws UsageError */
function refuseOwnRules(options: OptionValues, what: string): void {
  for (const { name, flag } of OWN_RULES) {
    if (options[name] !== undefined) throw new UsageError(`${flag} cannot be used with ${what}`, NODE_RULES);
  }
}

/** Of a bundle that only the node can read: it goes there as it is. */
async function createSealed(client: PluvioClient, settings: RunSettings, options: OptionValues): Promise<WorkerInfo> {
  const { path } = settings;
  if (!isUnchanged(settings)) throw new UsageError(`${path} is sealed: it goes on as it is, or not at all`);
  refuseOwnRules(options, 'a sealed file');
  const { size } = await stat(path);
  const { digest } = await sendBundle(client, createReadStream(path), size, isSet(options, 'progress'), true);
  return client.workers.create({ bundle: digest, ...namedBy(options) });
}

/** What the options say of the new worker. */
function namedBy(options: OptionValues): { readonly stdin: 'open' | 'closed'; readonly name?: string } {
  const name = workerNameOption(options);
  return { stdin: isSet(options, 'stdin') ? 'open' : 'closed', ...(name === undefined ? {} : { name }) };
}

async function create(
  client: PluvioClient,
  file: ProgramFile,
  settings: RunSettings,
  options: OptionValues,
): Promise<WorkerInfo> {
  const { stdin, name } = namedBy(options);
  const { args, env, limits, mounts } = settings;
  if (file.kind === 'module' && mounts.length === 0) {
    return client.workers.create({
      module: file.module,
      name: name ?? workerNameOf(file.path),
      args,
      env,
      limits,
      stdin,
    });
  }
  const showsProgress = isSet(options, 'progress');
  if (file.kind === 'bundle' && isUnchanged(settings)) {
    // As it is, with its signature.
    const { digest } = await sendBundle(client, file.content(), file.sizeBytes, showsProgress);
    return client.workers.create({ bundle: digest, ...namedBy(options) });
  }
  const packed = await packBundle(await bundleOfRun(file, settings), nodeCodecs);
  const { digest } = await sendBundle(client, writeDrop(packed), packed.sizes.totalBytes, showsProgress);
  return client.workers.create({ bundle: digest, ...namedBy(options) });
}
