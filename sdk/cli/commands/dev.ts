import type { CommandRow } from '../command.ts';
import { PROJECT } from '../options.ts';

export const DEV: CommandRow = {
  name: 'dev',
  summary: 'run a project on a node of its own, and again whenever a file changes',
  details:
    'The node grants what the project asks for; secrets are variables of the environment. What the worker writes goes to standard output. Another module keeps what the worker has stored and begins with new memory; the same one, with a changed pluvio.json, goes on with its whole state.',
  arguments: [PROJECT],
  options: [
    {
      flags: '--listen <HOST:PORT>',
      description: 'address of the node (default: 127.0.0.1:7071)',
      completes: 'nothing',
    },
    {
      flags: '--ingress <HOST:PORT>',
      description: 'where it answers HTTP requests by its routes (default: 127.0.0.1:8080 where it has some)',
      completes: 'nothing',
    },
    { flags: '--data <DIR>', description: 'where state is kept (default: in memory only)', completes: 'directory' },
  ],
  examples: [{ command: 'pluvio dev', does: 'work on the project of this folder' }],
  load: async () => (await import('../project/dev-action.ts')).devAction,
};
