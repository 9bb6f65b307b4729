import { CONFIG_OPTIONS } from '../config-options.ts';
import type { CommandRow } from '../command.ts';
import { OUTPUT } from '../options.ts';

export const NODE_COMMAND: CommandRow = {
  name: 'node',
  summary: 'start a node, which runs workers and answers over HTTP',
  details:
    'Runs until SIGTERM or SIGINT; then workers go into checkpoints, where there is a data directory, and go on when the node starts again. A second signal ends it at once.',
  arguments: [],
  options: [...CONFIG_OPTIONS, OUTPUT],
  examples: [
    { command: 'pluvio node', does: 'a node for this machine' },
    { command: 'pluvio node --listen 127.0.0.1:7072 --data ~/pluvio', does: 'at another port, with its state on disk' },
    {
      command: 'pluvio node --listen 0.0.0.0:7071 --data /var/lib/pluvio --token-file token',
      does: 'for other machines',
    },
    { command: 'pluvio node --config /etc/pluvio/node.json', does: 'as a file says' },
  ],
  load: async () => (await import('../node-action.ts')).nodeAction,
};
