import type { CommandRow } from '../command.ts';
import { PROGRESS, SOURCE_OPTIONS } from '../options.ts';

export const PULL: CommandRow = {
  name: 'pull',
  summary: 'fetch a bundle of a registry into a file',
  details:
    'Everything is checked before the file is there: digests, limits, the signature if it has one. Without -o the file is named after the repository.',
  arguments: [
    { name: '<reference>', description: 'what: host[:port]/repository[:tag][@digest]', completes: 'nothing' },
  ],
  options: [
    {
      flags: '-o, --output <FILE|FORMAT>',
      description: 'a file for the bundle; or json or text, how the result is written. May be given for both',
      repeatable: true,
      completes: 'file',
    },
    { flags: '--sbom <FILE>', description: 'a file for what it is made of (SPDX or CycloneDX)', completes: 'file' },
    ...SOURCE_OPTIONS,
    PROGRESS,
  ],
  examples: [
    { command: 'pluvio pull registry.example.org/tools/pi:1', does: 'into pi.drop' },
    {
      command: 'pluvio pull --trust tCOUZ5… registry.example.org/tools/pi:1 -o latest.drop',
      does: 'only if it is signed with that key',
    },
  ],
  load: async () => (await import('../pull-action.ts')).pullAction,
};
