import type { CommandRow } from '../command.ts';
import { OUTPUT, PROGRESS, PROGRAM, SOURCE_OPTIONS } from '../options.ts';

export const INSPECT: CommandRow = {
  name: 'inspect',
  summary: 'describe a module or a bundle, with the stack of a stopped program',
  arguments: [PROGRAM],
  options: [
    { flags: '-v, --verbose', description: 'also values of locals and operand stacks, all imports and exports' },
    {
      flags: '--coredump <FILE>',
      description: 'write the state as a WebAssembly core dump, for debuggers',
      completes: 'file',
    },
    ...SOURCE_OPTIONS,
    PROGRESS,
    OUTPUT,
  ],
  examples: [
    { command: 'pluvio inspect pi.wasm', does: 'what a module imports, exports and needs' },
    { command: 'pluvio inspect -v pi.drop', does: 'where a stopped program is, with the values of its locals' },
    { command: 'pluvio inspect pi.drop --coredump pi.core', does: 'for a debugger' },
  ],
  load: async () => (await import('../inspect/inspect-action.ts')).inspectAction,
};
