/** Every field of a pluvio.json, a row each: its check, docs/project.schema.json and docs/projects.md derive from it. */
import { PRIORITIES } from '../../runtime/bundle/bundle.ts';
import { LIMITS } from '../../runtime/engine/limits.ts';
import { ABI_LIMITS, CAPABILITIES, scopeMeaning } from '../../runtime/host/abi/index.ts';
import type { Schema } from '../../runtime/node/schema-check.ts';
import { OPTIMIZE } from './compiler.ts';

const MAX_TEXT = 131_072;
const text = (description: string, pattern?: string): Schema => ({
  type: 'string',
  maxLength: MAX_TEXT,
  description,
  ...(pattern === undefined ? {} : { pattern }),
});
const record = (
  description: string,
  properties: Readonly<Record<string, Schema>>,
  required: string[] = [],
): Schema => ({
  type: 'object',
  description,
  properties,
  required,
});
const list = (description: string, items: Schema, maxItems: number): Schema => ({
  type: 'array',
  description,
  items,
  maxItems,
});
const map = (description: string, additionalProperties: Schema, maxProperties: number): Schema => ({
  type: 'object',
  description,
  additionalProperties,
  maxProperties,
});
const keysOf = (table: object): string[] => Object.keys(table);

const PATH = text('A path from the project’s folder, with `/`.', '^[^/].*$');
const LIMIT_VALUES = Object.entries(LIMITS).map(([name, { max, unit }]): [string, Schema] => [
  name,
  { type: 'integer', minimum: 0, maximum: max, description: `In ${unit}.` },
]);
const HOST_LIMIT_VALUES = Object.entries(ABI_LIMITS).map(([name, { min, max, unit }]): [string, Schema] => [
  name,
  { type: 'integer', minimum: min, maximum: max, description: `In ${unit}.` },
]);
const CAPABILITY_VALUES = Object.entries(CAPABILITIES).map(([name, { summary }]): [string, Schema] => [
  name,
  {
    type: 'array',
    maxItems: 1024,
    items: { type: 'string', maxLength: 1024 },
    description: `To ${summary}. Scopes: ${scopeMeaning(name as keyof typeof CAPABILITIES)}.`, // a key of the table
  },
]);

const BUILD = record('How the module is made; exactly one of `entry`, `command` and `module` says it.', {
  entry: { ...PATH, description: 'AssemblyScript: the source whose exports are those of the worker.' },
  optimize: { type: 'string', enum: keysOf(OPTIMIZE), description: 'AssemblyScript: default `balanced`.' },
  command: list(
    'Any other compiler: a program and its arguments, run in the project’s folder.',
    text('One word.'),
    1000,
  ),
  module: { ...PATH, description: 'The module that the command writes; without a command, one that is there.' },
});

/** Fields in the order of the schema; those of the manifest have its form (docs/bundle-format.md). */
export const PROJECT_FIELDS = {
  $schema: text('The address of this schema, for editors.'),
  name: text('Of the worker.', '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  version: text('Of the program; it is told with the bundle.', '^[0-9A-Za-z][0-9A-Za-z.+-]{0,127}$'),
  build: BUILD,
  tests: {
    description:
      'The guest’s tests. AssemblyScript: the folder of its `*.test.ts`, default `tests`. Others: the command that makes a program of tests, or runs them.',
    anyOf: [
      PATH,
      record(
        'Of any other compiler.',
        {
          command: list('A program and its arguments, run in the project’s folder.', text('One word.'), 1000),
          module: {
            ...PATH,
            description:
              'The program of tests that the command makes: each function that it exports by a name test_… is one, or what its `main` is. Without it the command itself runs the tests.',
          },
        },
        ['command'],
      ),
    ],
  },
  interface: map(
    'Exports that are not typed by the program: how callers give and get values.',
    record(
      '',
      {
        encoding: { type: 'string', enum: ['core', 'bytes', 'json', 'msgpack'], description: 'How values travel.' },
        params: list(
          '',
          record('', { name: text(''), type: text(''), optional: { type: 'boolean' } }, ['name', 'type']),
          64,
        ),
        result: text('Type of the result.'),
      },
      ['encoding'],
    ),
    1024,
  ),
  args: list('Arguments of the program, its own name first.', text(''), 4096),
  env: map('Variables of its environment.', text(''), 4096),
  files: list(
    'Files and folders that the worker sees.',
    record(
      '',
      {
        path: text('Where it sees them.', '^/'),
        source: { ...PATH, description: 'Where they lie in the project.' },
        writable: { type: 'boolean', description: 'Whether it may change them, in its own copy.' },
      },
      ['path', 'source'],
    ),
    4096,
  ),
  limits: record('What it may use.', Object.fromEntries(LIMIT_VALUES)),
  hostLimits: record('What the host does for it at most (docs/abi.md).', Object.fromEntries(HOST_LIMIT_VALUES)),
  service: record('How urgent it is.', {
    priority: { type: 'string', enum: PRIORITIES, description: 'Default: interactive.' },
    latencyMs: { type: 'integer', minimum: 0, maximum: 86_400_000, description: 'How long it may wait for its turn.' },
  }),
  checkpoint: text('When its state is kept.', '^(never|idle|each-call|every [1-9][0-9]{0,5}s)$'),
  hibernate: record(
    'When it leaves memory.',
    {
      afterMs: { type: 'integer', minimum: 0, maximum: 31_536_000_000, description: 'Milliseconds without work.' },
    },
    ['afterMs'],
  ),
  routes: list(
    'HTTP requests that it answers.',
    record(
      '',
      {
        host: text('Default: any.'),
        path: text('With `*` at its end, all that begin so.', '^/'),
        methods: list('Default: any.', text('In upper case.', '^[A-Z]{1,16}$'), 16),
        export: text('The export that answers; default: it takes requests as messages.'),
      },
      ['path'],
    ),
    256,
  ),
  config: map('Configuration that it reads.', text(''), 1024),
  secrets: list(
    'Names of secrets that it reads; their values are the node’s.',
    text('', '^[A-Za-z_][A-Za-z0-9_.-]{0,127}$'),
    256,
  ),
  capabilities: record(
    'Rights that it asks for, each with its scopes; a node grants what it chooses.',
    Object.fromEntries(CAPABILITY_VALUES),
  ),
} as const satisfies Readonly<Record<string, Schema>>;

/** What a pluvio.json is checked against. */
export const PROJECT_SCHEMA: Schema = {
  type: 'object',
  properties: PROJECT_FIELDS,
  required: ['name', 'build'],
};
