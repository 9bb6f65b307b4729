/** Every public function of the crate `pluvio` has an example, and every example compiles and runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { HOST_CALLS } from '../../runtime/host/index.ts';
import { openNode } from '../../test/node/open-nodes.ts';
import { requireTool } from '../../test/requires.ts';
import { compileRust } from './testing/native-guests.ts';
import { openApi, sdkCapabilities } from './testing/outside.ts';
import { buildModule, deployBuilt } from './testing/projects.ts';

const SOURCES = fileURLToPath(new URL('../rust/src/', import.meta.url));
/** The raw calls, which are written from the table. */
const RAW = 'raw.rs';
const files = readdirSync(SOURCES).filter((name) => name !== RAW);
const textOf = (name: string): string => readFileSync(`${SOURCES}${name}`, 'utf8');

interface Documented {
  readonly name: string;
  /** The example's lines; undefined: it has none. */
  readonly example: string | undefined;
}

/** Every public function of a file, with the example of its comment. */
function publicFunctions(file: string): Documented[] {
  const found = textOf(file).matchAll(/((?:^ *\/\/\/.*\n)*)^ *pub fn (\w+)/gm);
  return [...found].map(([, comment = '', name = '']) => {
    const text = comment.replaceAll(/^ *\/\/\/ ?/gm, '');
    return { name: `${file} ${name}`, example: /^```\n([\s\S]*?)^```$/m.exec(text)?.[1] };
  });
}

const functions = files.flatMap(publicFunctions);

it('has an example for every public function', () => {
  expect(functions.length).toBeGreaterThan(60);
  expect(functions.filter(({ example }) => example === undefined).map(({ name }) => name)).toEqual([]);
});

it('uses every host call', () => {
  const text = files.map(textOf).join('\n');
  expect(Object.keys(HOST_CALLS).filter((name) => !new RegExp(`raw::${name}\\b`).test(text))).toEqual([]);
});

it('has the version of the package', () => {
  const packageJson = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(packageJson) as { version: string };
  expect(textOf('../Cargo.toml')).toContain(`\nversion = "${version}"\n`);
});

const exportOf = (name: string, body: string): string =>
  `#[no_mangle]\npub extern "C" fn ${name}() {\n  pluvio::run(|| -> pluvio::Result<()> {\n${body}  })\n}\n`;

/** The body of an example may end with a result of its own. */
const exampleOf = (lines: string): string => `${/;\n$|\}\n$/.test(lines) ? `${lines}    Ok(())\n` : lines}`;

const ECHO = exportOf(
  'pluvio_input',
  '    assert_ne!(pluvio::input::text()?, "fail");\n    pluvio::output::write(&pluvio::input::bytes()?)\n',
);
const WRONG = exportOf('wrong', '    pluvio::topics::publish("other", b"").map(|_| ())\n');

it.skipIf(requireTool('rustc for WASI'))('has examples that do what they say', { timeout: 60_000 }, async () => {
  const api = await openApi();
  const capabilities = sdkCapabilities(api);
  const node = await openNode({
    grants: { all: capabilities, tenants: {} },
    outbound: { allowPrivate: ['127.0.0.1'] },
    secrets: (_, name) => (name === 'API_KEY' ? 's3cret' : undefined),
  });
  const texts = functions.map(({ example = '' }, index) => exportOf(`example${index}`, exampleOf(example)));
  const [echo, examples] = [
    await compileRust(ECHO, 'service'),
    await compileRust([...texts, WRONG].join('\n'), 'service'),
  ];
  await deployBuilt(node.client, await buildModule(echo, { name: 'echo', capabilities }));
  const config = { greeting: 'hello', api };
  const fields = { name: 'examples', capabilities, config, secrets: ['API_KEY', 'OTHER'] };
  await deployBuilt(node.client, await buildModule(examples, fields));
  const failures: string[] = [];
  for (const [index, { name }] of functions.entries()) {
    await node.client.workers.invoke('examples', `example${index}`).catch((error: unknown) => {
      failures.push(`${name}: ${String(error)}`);
    });
  }
  const log = async (): Promise<string> => {
    let text = '';
    for await (const { bytes } of node.client.workers.logs('examples')) text += new TextDecoder().decode(bytes);
    return text;
  };
  expect(`${failures.join('\n')}${failures.length > 0 ? await log() : ''}`).toBe('');
  await expect(node.client.workers.invoke('examples', 'wrong')).rejects.toMatchObject({ code: 'CALL_FAILED' });
  expect(await log()).toContain('topics::publish other: DENIED');
});
