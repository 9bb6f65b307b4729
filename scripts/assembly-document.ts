/** docs/assembly.md, from the sources of the guest SDK: every public function with what it does and its example. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../sdk/assembly/', import.meta.url));

interface Entry {
  readonly signature: string;
  readonly text: string;
  readonly example: string | undefined;
}

interface Section {
  readonly name: string;
  readonly text: string;
  readonly entries: readonly Entry[];
}

/** Files in the order of the document. */
const FILES = [
  ...[
    'input',
    'kv',
    'blobs',
    'mailbox',
    'topics',
    'time',
    'http',
    'settings',
    'identity',
    'log',
    'random',
    'checkpoint',
  ],
  ...['status', 'bytes', 'base64', 'json-reader', 'json-writer'],
] as const;

const COMMENT = String.raw`\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n`;
/** A comment, and the declaration below it: its head up to the body. */
const DECLARATION = new RegExp(
  `^( *)${COMMENT} *(export namespace|export class|export function|get|(?=\\w+\\())\\s*(\\w+)([\\s\\S]*?)(?= \\{\\n)`,
  'gm',
);

const plain = (comment: string): string =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trim())
    .join('\n')
    .trim();

const flat = (text: string): string => text.replace(/\s+/g, ' ').replace(/\( /g, '(').replace(/,? \)/g, ')').trim();

function sectionsOf(file: string, exported: ReadonlySet<string>): Section[] {
  const sections: (Section & { entries: Entry[] })[] = [];
  for (const [, indent, comment = '', kind = '', name = '', rest = ''] of readFileSync(
    `${SOURCES}${file}.ts`,
    'utf8',
  ).matchAll(DECLARATION)) {
    const [text = '', example] = plain(comment).split(/\n*@example /);
    const isTop = indent === '';
    if (isTop && !exported.has(name)) continue;
    if (kind === 'export namespace' || kind === 'export class') {
      sections.push({ name: kind === 'export class' ? `class ${name}` : name, text: flat(text), entries: [] });
      if (example !== undefined)
        sections.at(-1)?.entries.push({ signature: `new ${name}`, text: '', example: flat(example) });
      continue;
    }
    const entry = {
      signature: flat(`${name}${rest}`),
      text: flat(text),
      example: example === undefined ? undefined : flat(example),
    };
    if (isTop) sections.push({ name: `function ${name}`, text: '', entries: [entry] });
    else sections.at(-1)?.entries.push(entry);
  }
  return sections;
}

const INTRODUCTION = `<!-- Written by \`node scripts/write-docs.ts\` from sdk/assembly. -->

# The guest SDK for AssemblyScript

What a program in AssemblyScript imports from \`pluvio/assembly\`: the calls of [the host ABI](abi.md) as functions with types. How a program is
built, and how its own functions get and give values, is in [projects.md](projects.md).

\`\`\`ts
import { kv, log } from 'pluvio/assembly';

export function count(name: string): i32 {
  const text = kv.getText(name);
  const times = (text === null ? 0 : I32.parseInt(text)) + 1;
  kv.setText(name, times.toString());
  log.info(name + ' was counted');
  return times;
}
\`\`\`

Programs are plain blocking code. One that waits holds no thread, may be put away to disk, and may move to another node meanwhile.

## Failures

AssemblyScript has no exceptions, so a failure is one of three things, by what a program can do about it:

| what failed | a program sees | for example |
| --- | --- | --- |
| there is nothing of that name | \`null\` or \`false\` | \`kv.get\`, \`timers.cancel\` |
| something else that may happen to a right program | a \`Status\`, or a \`Result\` with a value | \`mailbox.call\`, \`http.fetch\`, \`time.sleep\`, all that begin with \`try\` |
| anything else, such as a capability that was not granted | nothing: the call of the export ends with a trap, and the log says what and why | \`kv.set\` with a full storage |

\`Status.name\` is that of docs/abi.md: \`OK\`, \`TIMEOUT\`, \`QUOTA\`, \`DENIED\` and so on. \`assert\`, \`throw\` and \`abort\` end a call in the same way; so do
traps of WebAssembly. What a program did before it stays done.

The compiler's \`console\`, \`Date.now\`, \`performance.now\`, \`crypto.getRandomValues\`, \`trace\` and \`Math.random\` work, by the host ABI. Compiled
without \`pluvio build\`, a program needs \`--use abort=~lib/pluvio/sdk/assembly/globals/endWithTrap\`, and has none of these.

All examples below are compiled and run by the tests.`;

export function assemblyDocument(): string {
  const index = readFileSync(`${SOURCES}index.ts`, 'utf8');
  const exported = new Set([...index.matchAll(/export \{ (.+) \}/g)].flatMap(([, names = '']) => names.split(', ')));
  const known = new Set(readdirSync(SOURCES));
  const sections = FILES.filter((file) => known.has(`${file}.ts`)).flatMap((file) => sectionsOf(file, exported));
  const lines = sections.flatMap(({ name, text, entries }) => [
    '',
    `## ${name}`,
    ...(text === '' ? [] : ['', text]),
    ...entries.flatMap((entry) => [
      '',
      `\`${entry.signature}\`${entry.text === '' ? '' : `: ${entry.text}`}`,
      ...(entry.example === undefined ? [] : ['', '```ts', entry.example, '```']),
    ]),
  ]);
  return [INTRODUCTION, ...lines, ''].join('\n');
}
