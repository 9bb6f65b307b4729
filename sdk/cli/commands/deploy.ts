import type { CommandRow } from '../command.ts';
import { PROJECT, REMOTE } from '../options.ts';

export const DEPLOY: CommandRow = {
  name: 'deploy',
  summary: 'build a project and put it onto a node, as a new worker or another version',
  details:
    'Tells first what changes, field by field. With the same module the worker goes on with its state; with another one it begins anew, and its state stays in the history; --storage lets it find what it has stored.',
  arguments: [PROJECT],
  options: [
    { flags: '--dry-run', description: 'tell what would change, and change nothing' },
    { flags: '--keep', description: 'refuse rather than begin anew' },
    { flags: '--storage', description: 'keep keys, blobs, timers and topics where the module is another one' },
    { flags: '--locked', description: 'refuse a build that is not what pluvio.lock says' },
    { flags: '--name <NAME>', description: 'name of the worker (default: that of the project)', completes: 'nothing' },
    ...REMOTE,
  ],
  examples: [
    { command: 'pluvio deploy --dry-run', does: 'what a deployment would change' },
    { command: 'pluvio deploy --node http://127.0.0.1:7071', does: 'put it onto this node' },
  ],
  load: async () => (await import('../project/deploy-action.ts')).deployAction,
};
