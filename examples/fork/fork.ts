/**
 * Forks a program in mid-computation, deep in a recursion through function pointers: three workers go on from the same state and come
 * to the same end.
 */
import { readFile } from 'node:fs/promises';
import { PluvioClient } from 'pluvio';
import { startNode } from 'pluvio/node';

const node = await startNode({ listen: '127.0.0.1:0' });
const { workers } = new PluvioClient({ baseUrl: node.url });
const module = await readFile(new URL('../recursion/recursion.wasm', import.meta.url));
await workers.create({ name: 'first', module, args: ['2000', '300', '500'] });
for await (const { bytes } of workers.logs('first', { follow: true })) {
  if (new TextDecoder().decode(bytes).includes('round 20 of 300')) break;
}

await workers.stop('first');
await workers.fork('first', { name: 'second' });
await workers.fork('first', { name: 'third' });
await workers.resume('first'); // a fork of a stopped worker goes on by itself

const ends = new Set<string>();
for (const name of ['first', 'second', 'third']) {
  const outcome = await workers.waitOutcome(name);
  let output = '';
  for await (const { bytes } of workers.logs(name)) output += new TextDecoder().decode(bytes);
  ends.add(output);
  console.error(`${name}: ${JSON.stringify(outcome)}, ${output.length} bytes of output`);
}
await node.close();
for (const output of ends) process.stdout.write(output);
process.exitCode = ends.size === 1 ? 0 : 1;
