import type { CommandAction, CommandRow } from '../command.ts';
import { formatOf, textOf } from '../option-values.ts';
import { OUTPUT } from '../options.ts';
import { printFields, printJson } from '../terminal.ts';

const action: CommandAction = async ({ args: [, file = ''], options }) => {
  const { verifyAuditLog } = await import('../../../runtime/node/security/index.ts');
  const summary = await verifyAuditLog(file, textOf(options, 'publicKey'));
  if (formatOf(options) === 'json') printJson({ file, ...summary });
  else printFields(Object.entries(summary).map(([name, count]) => [name, String(count)]));
  return 0;
};

export const AUDIT: CommandRow = {
  name: 'audit',
  summary: 'verify the audit log of a node',
  details:
    'Follows the chain through the file and the full ones beside it, and checks every seal. Lines after the last seal are counted as unsealed: that lines are missing there cannot be seen.',
  arguments: [
    { name: '<action>', description: 'verify', completes: 'nothing', choices: ['verify'] },
    { name: '<file>', description: 'the log that the node writes', completes: 'file' },
  ],
  options: [
    {
      flags: '--public-key <KEY>',
      description: "the node's public key, as /v1/node shows it; without it any one key will do",
      completes: 'nothing',
    },
    OUTPUT,
  ],
  examples: [{ command: 'pluvio audit verify /var/log/pluvio/audit.log', does: 'whether anybody has touched it' }],
  load: () => Promise.resolve(action),
};
