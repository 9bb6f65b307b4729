/** The programs of the guides compile, and do what the guides say, also across a move. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openNode } from '../../test/node/open-nodes.ts';
import { requireTool, type Tool } from '../../test/requires.ts';
import { compileC, compileRust, type GuestKind } from './testing/native-guests.ts';
import { buildModule, deployBuilt } from './testing/projects.ts';

interface Guide {
  readonly language: string;
  readonly tool: Tool;
  readonly compile: (source: string, kind: GuestKind) => Promise<Uint8Array>;
  /** The tests that it shows, which `npm run templates` runs. */
  readonly tests: readonly string[];
}

const templateFile = (path: string): string => readFileSync(new URL(`../templates/${path}`, import.meta.url), 'utf8');

const GUIDES: readonly Guide[] = [
  { language: 'c', tool: 'clang-22', compile: compileC, tests: ['c-program/tests/primes.c'] },
  { language: 'rust', tool: 'rustc for WASI', compile: compileRust, tests: [] },
];

/** Every program of a guide, in their order. */
function programsOf(language: string): string[] {
  const page = readFileSync(new URL(`../../docs/${language}.md`, import.meta.url), 'utf8');
  return [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(([, text = '']) => text);
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

for (const { language, tool, compile, tests } of GUIDES) {
  it.skipIf(requireTool(tool))(`the programs of docs/${language}.md`, { timeout: 60_000 }, async () => {
    const [service = '', loop = '', ...others] = programsOf(language);
    expect(others).toEqual(tests.map(templateFile));
    const capabilities = { kv: [], 'mailbox.receive': [] };
    const grants = { all: capabilities, tenants: {} };
    const [first, second] = [await openNode({ grants }), await openNode({ grants })];
    const counter = {
      name: 'counter',
      interface: { count: { encoding: 'bytes' } },
      capabilities: { kv: [] },
      checkpoint: 'each-call',
    };
    const clerk = { name: 'clerk', capabilities: { 'mailbox.receive': [] } };
    await deployBuilt(first.client, await buildModule(await compile(service, 'service'), counter));
    await deployBuilt(first.client, await buildModule(await compile(loop, 'command'), clerk));

    const count = async ({ client }: typeof first, name: string): Promise<string> =>
      textOf(await client.workers.invoke('counter', 'count', bytesOf(name)));
    const ask = async ({ client }: typeof first, text: string): Promise<string> =>
      textOf(await client.workers.ask('clerk', bytesOf(text)));

    expect([await count(first, 'a'), await count(first, 'a'), await count(first, 'b')]).toEqual(['1', '2', '1']);
    expect([await ask(first, 'hello'), await ask(first, 'again')]).toEqual(['1: hello', '2: again']);
    for (const name of ['counter', 'clerk']) await first.client.workers.move(name, { target: second.url });
    expect([await count(second, 'a'), await ask(second, 'there')]).toEqual(['3', '3: there']);
  });
}
