/** Every public function of the guest SDK has an example, and every example compiles and runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { openNode } from '../../test/node/open-nodes.ts';
import { HOST_CALLS } from '../../runtime/host/index.ts';
import { openApi, sdkCapabilities } from './testing/outside.ts';
import { buildSource, deployBuilt } from './testing/projects.ts';

const SOURCES = fileURLToPath(new URL('../assembly/', import.meta.url));
/** Not for programs: the raw calls, what the compiler asks for, and what `pluvio build` writes code for. */
const INNER = ['pluvio_v1.ts', 'dom.ts', 'globals.ts', 'typed.ts'];
const files = readdirSync(SOURCES).filter((name) => name.endsWith('.ts') && !INNER.includes(name));
const textOf = (name: string): string => readFileSync(`${SOURCES}${name}`, 'utf8');
const EXAMPLE = /@example (.+?)(?: \*\/)?$/gm;
const examples = files.flatMap((file) => [...textOf(file).matchAll(EXAMPLE)].map(([, line = '']) => ({ file, line })));
const exported = [...textOf('index.ts').matchAll(/export \{ (.+) \}/g)].flatMap(([, names = '']) => names.split(', '));

/** Comment and name of every function of a namespace, every function that the index names, and every method of these classes. */
function publicFunctions(file: string): { name: string; comment: string }[] {
  const text = textOf(file);
  const found: { name: string; comment: string }[] = [];
  for (const { 1: comment = '', 2: indent, 3: name = '' } of text.matchAll(
    /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\n( *)export function (\w+)/g,
  )) {
    if (indent !== '' || exported.includes(name)) found.push({ name: `${file} ${name}`, comment });
  }
  if (!/^json-/.test(file)) {
    for (const { 1: comment = '', 2: name = '' } of text.matchAll(
      /(\/\*\*(?:(?!\*\/)[\s\S])*\*\/)?\n {2}(?:get )?(?!export|constructor|private)(\w+)\(.*\{$/gm,
    )) {
      found.push({ name: `${file} ${name}`, comment });
    }
  }
  return found;
}

it('has an example for every public function', () => {
  const functions = files.flatMap(publicFunctions);
  expect(functions.length).toBeGreaterThan(60);
  expect(functions.filter(({ comment }) => !comment.includes('@example')).map(({ name }) => name)).toEqual([]);
});

it('uses every host call', () => {
  const text = [...files, 'globals.ts', 'typed.ts'].map(textOf).join('\n');
  expect(Object.keys(HOST_CALLS).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
});

const ECHO = `import { input, output } from 'pluvio/assembly';
export function pluvio_input(): void { assert(input.text() != 'fail'); output.write(input.bytes()); }`;

it('has examples that do what they say', async () => {
  const api = await openApi();
  const capabilities = sdkCapabilities(api);
  const node = await openNode({
    grants: { all: capabilities, tenants: {} },
    outbound: { allowPrivate: ['127.0.0.1'] },
    secrets: (_, name) => (name === 'API_KEY' ? 's3cret' : undefined),
  });
  await deployBuilt(node.client, await buildSource(ECHO, { name: 'echo', capabilities }));
  const functions = examples.map(({ line }, index) => `export function example${index}(): void { ${line} }`);
  const source = `import { ${exported.join(', ')} } from 'pluvio/assembly';\n${functions.join('\n')}`;
  const config = { greeting: 'hello', api };
  const fields = { name: 'examples', capabilities, config, secrets: ['API_KEY', 'OTHER'] };
  await deployBuilt(node.client, await buildSource(source, fields));
  const failures: string[] = [];
  for (const [index, { file, line }] of examples.entries()) {
    await node.client.workers.invoke('examples', `example${index}`).catch((error: unknown) => {
      failures.push(`${file}: ${line}: ${String(error)}`);
    });
  }
  let log = '';
  if (failures.length > 0) {
    for await (const { bytes } of node.client.workers.logs('examples')) log += new TextDecoder().decode(bytes);
  }
  expect(`${failures.join('\n')}${log}`).toBe('');
});
