import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { HOST_NAMES, HOSTS, missingHosts, openPage } from './engine-hosts.ts';
import { Exchange } from './exchange.ts';

const RUN = fileURLToPath(new URL('./run.ts', import.meta.url));
const TIMEOUT_MS = 900_000;

const missing = missingHosts(HOST_NAMES);
if (missing !== undefined && process.env['CI'] === 'true') throw new Error(missing);

it.skipIf(missing)(
  'programs give the same, use the same fuel and travel between Node, Bun, Deno, Chromium and Firefox',
  { timeout: TIMEOUT_MS },
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [RUN, '--rounds', '1', '--breaks', '10']);
    const counts: unknown = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(counts, stdout).toMatchObject({ hosts: HOST_NAMES, faults: 0, unsupported: 2 }); // memory64 in Bun, both ways
  },
);

/** What a page does that has no bundler: the published files as they are. */
const PAGE_SCRIPT = `(async (url) => {
  const { createWorker, loadModule, restoreWorker } = await import('/dist/runtime/index.js');
  const module = await loadModule(new Uint8Array(await (await fetch(url)).arrayBuffer()));
  let text = '';
  const wasi = { args: ['pi', '300'], stdout: (bytes) => { text += new TextDecoder().decode(bytes); void worker.stop(); } };
  const worker = await createWorker(module, { wasi });
  const first = await worker.start();
  const twin = await restoreWorker(module, worker.snapshot(), { wasi });
  const second = await twin.resume();
  return [first.kind, second.kind, second.code, text.replaceAll(/\\D/g, '').slice(0, 12), text.length > 300].join(' ');
})`;

it.skipIf(missing).each(['chromium', 'firefox'] as const)(
  'a page in %s loads the published files as they are',
  { timeout: TIMEOUT_MS },
  async (name) => {
    const exchange = await Exchange.open();
    const { browser, page } = await openPage(HOSTS[name]);
    try {
      await page.goto(exchange.pageUrl('none', 'page'));
      const pi = exchange.put(await readFile(new URL('../../examples/pi/pi.wasm', import.meta.url)));
      expect(await page.evaluate(`${PAGE_SCRIPT}('/blobs/${pi}')`)).toBe('stopped exited 0 314159265358 true');
    } finally {
      await browser.close();
      await exchange.close();
    }
  },
);
