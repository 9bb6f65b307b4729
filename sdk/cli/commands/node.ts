import type { CommandRow } from '../command.ts';
import { OUTPUT } from '../options.ts';

export const NODE_COMMAND: CommandRow = {
  name: 'node',
  summary: 'start a node, which runs workers and answers over HTTP',
  details:
    'Runs until SIGTERM or SIGINT; then workers go into checkpoints, where there is a data directory, and go on when the node starts again. A second signal ends it at once.',
  arguments: [],
  options: [
    {
      flags: '--listen <HOST:PORT>',
      description: 'where it listens; port 0 takes a free one (default: 127.0.0.1:7071)',
      completes: 'nothing',
    },
    {
      flags: '--data <DIR>',
      description: 'where state is kept; without it nothing outlives the process',
      completes: 'directory',
    },
    {
      flags: '--token-file <FILE>',
      description: 'file with a token that covers everything (default: $PLUVIO_TOKEN)',
      completes: 'file',
    },
    { flags: '--name <NAME>', description: 'name of the node', completes: 'nothing' },
    {
      flags: '--origin <URL>',
      description: 'origin of web pages that may use the API',
      repeatable: true,
      completes: 'nothing',
    },
    {
      flags: '--limit <NAME=NUMBER>',
      description: 'a limit of the node; docs/http-api.md lists them',
      repeatable: true,
      completes: 'nothing',
    },
    { flags: '-v, --verbose', description: 'write what the node does to standard error, as JSON lines' },
    OUTPUT,
  ],
  examples: [
    { command: 'pluvio node', does: 'a node for this machine' },
    { command: 'pluvio node --listen 127.0.0.1:7072 --data ~/pluvio', does: 'at another port, with its state on disk' },
    {
      command: 'pluvio node --listen 0.0.0.0:7071 --data /var/lib/pluvio --token-file token',
      does: 'for other machines',
    },
  ],
  load: async () => (await import('../node-action.ts')).nodeAction,
};
