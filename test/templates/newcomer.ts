/** What a newcomer waits for: the first commands, with npm, and the answer of changed code. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PluvioClient } from '../../sdk/client/index.ts';
import { runOrFail } from '../pack/run-command.ts';
import { pluvio, startPluvio } from './command.ts';
import { Stopwatch, type Times } from './times.ts';
import { inFolder, linkPackage } from './travel.ts';
import type { TwoNodes } from './two-nodes.ts';

const TEMPLATE = 'assemblyscript-service';
const NAME = 'newcomer';

/** From nothing to a worker that is deployed, called and moved. */
export function firstMinutes([first, second]: TwoNodes): Promise<Times> {
  const watch = new Stopwatch();
  return inFolder(async (folder) => {
    await watch.step('new', () => pluvio(folder, 'new', NAME, '--template', TEMPLATE));
    const project = join(folder, NAME);
    await watch.step('npm install', () => runOrFail('npm', ['install', '--no-audit', '--no-fund'], { cwd: project }));
    await watch.step('deploy', () => pluvio(project, 'deploy', '--node', first.url));
    const called = await watch.step('call', () => pluvio(project, 'call', '--node', first.url, NAME, 'greet', 'Ada'));
    assert.equal(called, '"Hello, Ada!"\n');
    await watch.step('move', () => pluvio(project, 'move', NAME, second.url, '--node', first.url));
    await second.client.workers.delete(NAME);
    return watch.times;
  });
}

const POLL_MS = 10;
const CHANGES = ['Welcome', 'Good day', 'Well met'];

const ANSWER_WITHIN_MS = 30_000;

/** Calls with another name each time, as the worker remembers them; gives the one that the new code greeted. */
async function greeted(client: PluvioClient, greeting: string): Promise<string> {
  const deadlineMs = performance.now() + ANSWER_WITHIN_MS;
  for (let turn = 0; ; turn++) {
    const name = `${greeting} ${turn}`;
    const answer = await client.workers.callTyped(NAME, 'greet', [name]).catch(() => undefined);
    if (answer === `${greeting}, ${name}!`) return name;
    assert(performance.now() < deadlineMs, `the new code has not answered in ${ANSWER_WITHIN_MS} ms`);
    await delay(POLL_MS);
  }
}

/** From a saved file to the answer of the new code, a few times; by `pluvio build`, how long a whole build takes. */
export function devChanges(): Promise<Times> {
  const watch = new Stopwatch();
  return inFolder(async (folder) => {
    await pluvio(folder, 'new', NAME, '--template', TEMPLATE);
    const project = join(folder, NAME);
    await linkPackage(project);
    await watch.step('pluvio build', () => pluvio(project, 'build'));
    const dev = startPluvio(project, 'dev', '--listen', '127.0.0.1:0');
    try {
      const told = await watch.step('dev starts', () => dev.until('stderr', `${NAME} runs (`));
      const [, url = ''] = /node on (\S+);/.exec(told) ?? [];
      const client = new PluvioClient({ baseUrl: url });
      const names: string[] = [];
      const source = join(project, 'assembly/index.ts');
      const text = await readFile(source, 'utf8');
      for (const [index, greeting] of CHANGES.entries()) {
        await watch.step(`change ${index + 1}`, async () => {
          await writeFile(source, text.replace('Hello, ', `${greeting}, `));
          names.push(await greeted(client, greeting));
        });
      }
      const guests = (await client.workers.callTyped(NAME, 'guests', [])) as readonly { readonly name: string }[]; // of the template
      const known = new Set(guests.map(({ name }) => name));
      assert(
        names.every((name) => known.has(name)),
        'keys stay with every version',
      );
    } finally {
      await dev.end();
    }
    return watch.times;
  });
}
