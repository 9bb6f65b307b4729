import type { CommandRow } from '../command.ts';
import { DEPLOY_OPTIONS, GUEST_OPTIONS, OUTPUT, SOURCE_OPTIONS } from '../options.ts';

export const RESUME: CommandRow = {
  name: 'resume',
  summary: 'go on with a stopped program: of a bundle, or a worker of a node',
  details:
    'A name that ends with .drop or contains a slash is a file or a reference, any other a worker. A bundle goes on here, or with --node on that node; a worker goes on where it is.',
  arguments: [
    { name: '<target>', description: 'bundle (.drop, or a reference), or name of a worker', completes: 'file' },
  ],
  options: [...GUEST_OPTIONS, ...DEPLOY_OPTIONS, ...SOURCE_OPTIONS, OUTPUT],
  examples: [
    { command: 'pluvio resume pi.drop', does: 'go on here' },
    {
      command: 'pluvio resume pi.drop --node http://127.0.0.1:7071 --logs',
      does: 'go on on a node, and show the output',
    },
    {
      command: 'pluvio resume registry.example.org/team/pi:monday',
      does: 'go on with what was suspended into a registry',
    },
    { command: 'pluvio resume pi', does: 'go on with a worker that was stopped' },
  ],
  load: async () => (await import('../local/run-action.ts')).resumeAction,
};
