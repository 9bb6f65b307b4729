import { TEMPLATES } from '../../project/template-table.ts';
import type { CommandRow } from '../command.ts';

export const NEW: CommandRow = {
  name: 'new',
  summary: 'make a project from a template',
  details: `Templates: ${Object.entries(TEMPLATES)
    .map(([name, summary]) => `${name} (${summary})`)
    .join('; ')}. On a terminal it asks for what is not given.`,
  arguments: [{ name: '[folder]', description: 'the new folder; its last part is the name', completes: 'nothing' }],
  options: [
    {
      flags: '-t, --template <NAME>',
      description: 'what it begins as',
      choices: Object.keys(TEMPLATES),
    },
  ],
  examples: [
    { command: 'pluvio new greeter --template assemblyscript-service', does: 'a service with typed functions' },
  ],
  load: async () => (await import('../project/new-action.ts')).newAction,
};
