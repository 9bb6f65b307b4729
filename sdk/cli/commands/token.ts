import type { CommandRow } from '../command.ts';
import { OUTPUT } from '../options.ts';

export const TOKEN: CommandRow = {
  name: 'token',
  summary: 'make, narrow, inspect and revoke capability tokens',
  details:
    'create signs a token with a key: --key, or the identity in the data directory of a node (--data). narrow makes one that allows less of one in a file, without asking anybody. inspect tells what a token allows. revoke ends a token, and all that was narrowed from it, at the node whose data directory is given; with --before all that the key signed before a moment. key makes a key file, or shows the public half of one.',
  arguments: [
    {
      name: '<action>',
      description: 'create, narrow, inspect, revoke or key',
      completes: 'nothing',
      choices: ['create', 'narrow', 'inspect', 'revoke', 'key'],
    },
    {
      name: '[file]',
      description: 'file with the token, or - for standard input; of key: the key file',
      completes: 'file',
    },
  ],
  options: [
    { flags: '--key <FILE>', description: 'private key of the issuer', completes: 'file' },
    { flags: '--data <DIR>', description: 'data directory of the node', completes: 'directory' },
    { flags: '--subject <NAME>', description: 'who the token is for', completes: 'nothing' },
    { flags: '--tenant <NAME>', description: 'only workers of this tenant', completes: 'nothing' },
    {
      flags: '--worker <PATTERN>',
      description: 'only these workers; a pattern may end in *',
      repeatable: true,
      completes: 'worker',
    },
    {
      flags: '--verb <VERB>',
      description: 'what it allows; docs/security.md lists the verbs',
      repeatable: true,
      completes: 'nothing',
    },
    {
      flags: '--audience <NODE>',
      description: 'only at this node (name or key id)',
      repeatable: true,
      completes: 'nothing',
    },
    { flags: '--expires <TIME>', description: 'how long it lives (default: 1h)', completes: 'nothing' },
    { flags: '--final', description: 'it cannot be narrowed' },
    { flags: '--id <JTI>', description: 'of revoke: the token, in place of a file', completes: 'nothing' },
    {
      flags: '--before <DATE>',
      description: 'of revoke: all that the key signed before this moment',
      completes: 'nothing',
    },
    OUTPUT,
  ],
  examples: [
    {
      command: 'pluvio token create --data ~/pluvio --subject ci --verb deploy --verb read --expires 8h > ci.token',
      does: 'a token of the node itself',
    },
    { command: "pluvio token narrow ci.token --worker 'web-*' --expires 10m", does: 'less of it, for a shorter time' },
    { command: 'pluvio token revoke ci.token --data ~/pluvio', does: 'ends it and all that was narrowed from it' },
  ],
  load: async () => (await import('../tokens/token-action.ts')).tokenAction,
};
