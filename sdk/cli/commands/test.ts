import type { CommandRow } from '../command.ts';
import { OUTPUT, PROJECT } from '../options.ts';

export const TEST: CommandRow = {
  name: 'test',
  summary: 'run a project’s own tests in the sandbox',
  details:
    'In AssemblyScript a test is an exported function without parameters of a *.test.ts in the project’s folder tests. In other languages pluvio.json names under tests the command that makes a program of tests, whose functions test_… or tests of Rust are run, or a command that runs them itself. Each runs in a worker of its own, with the capabilities and the configuration of pluvio.json, and fails when it traps, as assert does.',
  arguments: [PROJECT],
  options: [OUTPUT],
  examples: [{ command: 'pluvio test', does: 'test the project of this folder' }],
  load: async () => (await import('../project/test-action.ts')).testAction,
};
