/**
 * Moves a program to another node while it sleeps, after each of its beats. It holds no thread while it waits, and what is left of
 * its pause passes where it has gone to.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { PluvioClient } from 'pluvio';
import { startNode } from 'pluvio/node';

const nodes = await Promise.all([
  startNode({ listen: '127.0.0.1:0', name: 'north' }),
  startNode({ listen: '127.0.0.1:0', name: 'south' }),
]);
const { workers } = new PluvioClient({ baseUrl: nodes[0].url }); // it follows a worker that has moved
const module = await readFile(new URL('metronome.wasm', import.meta.url));
await workers.create({ name: 'metronome', module, args: ['4', '250'] });

/** A program that has just written a beat waits a moment later, or has ended. */
async function statusAtRest(): Promise<string> {
  for (;;) {
    const { status } = await workers.get('metronome');
    if (status !== 'running') return status;
    await setTimeout(5);
  }
}

let at = 0;
for await (const { bytes } of workers.logs('metronome', { follow: true })) {
  process.stdout.write(bytes);
  const status = await statusAtRest();
  if (status !== 'waiting') continue;
  at = 1 - at;
  const target = nodes[at] ?? nodes[0];
  const { downtimeMs, bytesSent } = await workers.move('metronome', { target: target.url });
  console.error(`${status}, moved to ${target.name}: ${bytesSent} bytes, stood still ${downtimeMs.toFixed(0)} ms`);
}
const outcome = await workers.waitOutcome('metronome');
console.error(outcome);
await Promise.all(nodes.map((node) => node.close()));
process.exitCode = outcome?.kind === 'exited' ? outcome.code : 1;
