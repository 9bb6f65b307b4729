import type { CommandRow } from '../command.ts';
import { DEPLOY_OPTIONS, GUEST_OPTIONS, OUTPUT, PROGRAM, SOURCE_OPTIONS } from '../options.ts';

export const RUN: CommandRow = {
  name: 'run',
  summary: 'run a program, here or on a node',
  details:
    "Here, the program has this command's standard streams, and its exit code is the command's. What follows the file belongs to the program, also when it looks like an option. With --node the program becomes a worker of that node, and the command ends at once unless it is told to wait.",
  arguments: [PROGRAM, { name: '[args...]', description: 'arguments of the program', completes: 'file' }],
  options: [...GUEST_OPTIONS, ...DEPLOY_OPTIONS, ...SOURCE_OPTIONS, OUTPUT],
  examples: [
    { command: 'pluvio run pi.wasm 1000', does: 'run a program' },
    { command: 'pluvio run --dir . --env LANG=C sort.wasm words.txt', does: 'give it a directory and a variable' },
    { command: 'pluvio run --on-interrupt pi.drop pi.wasm 100000', does: 'keep its state when Ctrl-C stops it' },
    { command: 'pluvio run --invoke add sum.wasm 2 3', does: 'call one function' },
    { command: 'pluvio run --node http://127.0.0.1:7071 --name pi pi.wasm 1000', does: 'run it on a node' },
    { command: 'pluvio run registry.example.org/tools/pi:1 1000', does: 'run a bundle of a registry' },
  ],
  passThrough: true,
  load: async () => (await import('../local/run-action.ts')).runAction,
};
