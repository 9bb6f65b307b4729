import { basename } from 'node:path';
import type { CommandAction, CommandRow } from '../command.ts';
import { writeFileWhole } from '../whole-file.ts';
import { connect } from '../node-client.ts';
import { textOf } from '../option-values.ts';
import { NODE, TOKEN_FILE } from '../options.ts';
import { UsageError } from '../usage-error.ts';

const action: CommandAction = async ({ args: [what = ''], options }) => {
  const bytes = Buffer.from(await declarations(), 'utf8');
  const path = textOf(options, 'file');
  if (path === undefined) process.stdout.write(bytes);
  else await writeFileWhole(path, [bytes]);
  return 0;

  async function declarations(): Promise<string> {
    const { typesOf } = await import('../../project/program-types.ts');
    if (!/\.(?:drop|wasm)$/.test(what)) {
      const { client, here } = await connect(options);
      const { name, bundle } = await client.workers.get(what);
      const { fetchManifest, fetchModule } = await import('../../project/worker-manifest.ts');
      return typesOf(name, await fetchManifest(here(), bundle), () => fetchModule(here(), bundle));
    }
    const file = await (await import('../local/program-file.ts')).readProgramFile(what);
    if (file.kind === 'bundle') {
      const { manifest, module } = file.bundle;
      return typesOf(manifest.name, manifest, () => Promise.resolve(module));
    }
    const { isComponent } = await import('../../../runtime/component/index.ts');
    if (isComponent(file.module)) {
      return typesOf(basename(what, '.wasm'), { schemaVersion: 1, name: 'module' }, () => Promise.resolve(file.module));
    }
    throw new UsageError(
      `${what} is a module, which does not say its types; name its bundle (.drop), a component, or a worker`,
    );
  }
};

export const TYPES: CommandRow = {
  name: 'types',
  summary: 'write TypeScript declarations of a worker’s typed exports, or of a component’s functions',
  arguments: [
    {
      name: '<worker>',
      description: 'name of a worker, its bundle (.drop), or a component (.wasm)',
      completes: 'worker',
    },
  ],
  options: [
    { flags: '-f, --file <FILE.d.ts>', description: 'where they go (default: standard output)', completes: 'file' },
    NODE,
    TOKEN_FILE,
  ],
  examples: [{ command: 'pluvio types greeter -f greeter.d.ts', does: 'for client.worker<Greeter>("greeter")' }],
  load: () => Promise.resolve(action),
};
