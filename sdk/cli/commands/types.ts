import type { CommandAction, CommandRow } from '../command.ts';
import { writeFileWhole } from '../whole-file.ts';
import { connect } from '../node-client.ts';
import { textOf } from '../option-values.ts';
import { NODE, TOKEN_FILE } from '../options.ts';
import { UsageError } from '../usage-error.ts';

const action: CommandAction = async ({ args: [what = ''], options }) => {
  const { declarationsOf } = await import('../../project/declarations.ts');
  const bytes = Buffer.from(declarationsOf(await manifestOf(what)), 'utf8');
  const path = textOf(options, 'file');
  if (path === undefined) process.stdout.write(bytes);
  else await writeFileWhole(path, [bytes]);
  return 0;

  async function manifestOf(name: string) {
    if (name.endsWith('.wasm')) {
      throw new UsageError(`${name} is a module, which does not say its types; name its bundle (.drop), or a worker`);
    }
    if (name.endsWith('.drop')) {
      const file = await (await import('../local/program-file.ts')).readProgramFile(name);
      if (file.kind === 'bundle') return file.bundle.manifest;
      throw new UsageError(`${name} is no bundle`);
    }
    const { client, here } = await connect(options);
    const { bundle } = await client.workers.get(name);
    return (await import('../../project/worker-manifest.ts')).fetchManifest(here(), bundle);
  }
};

export const TYPES: CommandRow = {
  name: 'types',
  summary: 'write TypeScript declarations of a worker’s typed exports',
  arguments: [{ name: '<worker>', description: 'name of a worker, or its bundle (.drop)', completes: 'worker' }],
  options: [
    { flags: '-f, --file <FILE.d.ts>', description: 'where they go (default: standard output)', completes: 'file' },
    NODE,
    TOKEN_FILE,
  ],
  examples: [{ command: 'pluvio types greeter -f greeter.d.ts', does: 'for client.worker<Greeter>("greeter")' }],
  load: () => Promise.resolve(action),
};
