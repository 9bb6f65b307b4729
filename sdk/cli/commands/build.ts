import type { CommandRow } from '../command.ts';
import { OUTPUT, PROJECT } from '../options.ts';

export const BUILD: CommandRow = {
  name: 'build',
  summary: 'compile a project and pack it into a bundle',
  details:
    'Module and bundle go to the project’s folder build, their digests to pluvio.lock. The same sources, files and compiler give the same bytes.',
  arguments: [PROJECT],
  options: [{ flags: '--locked', description: 'refuse a build that is not what pluvio.lock says' }, OUTPUT],
  examples: [{ command: 'pluvio build', does: 'build the project of this folder' }],
  load: async () => (await import('../project/build-action.ts')).buildAction,
};
