/** Moves a counter to and fro between two nodes while it counts: no count is lost, and none is counted twice. */
import { fileURLToPath } from 'node:url';
import { PluvioClient } from 'pluvio';
import { startNode } from 'pluvio/node';
import { applyDeploy, buildProject, loadProject, planDeploy } from 'pluvio/project';

/** As `pluvio types` writes it. */
interface Counter {
  add(by: number): number;
}

const CALLS = 100;
const AT_ONCE = 4;

const built = await buildProject(await loadProject(fileURLToPath(new URL('.', import.meta.url))));
const nodes = await Promise.all([
  startNode({ listen: '127.0.0.1:0', name: 'north' }),
  startNode({ listen: '127.0.0.1:0', name: 'south' }),
]);
const client = new PluvioClient({ baseUrl: nodes[0].url }); // it follows a worker that has moved
await applyDeploy(client, await planDeploy(client, built), built, false);
const counter = client.worker<Counter>('counter', { once: true }); // a call that is under way is answered from the other node

const answers: number[] = [];
let begun = 0;
async function keepCounting(): Promise<void> {
  while (begun++ < CALLS) answers.push(await counter.add(1));
}

async function keepMoving(): Promise<void> {
  for (let at = 1; answers.length < CALLS - AT_ONCE; at = 1 - at) {
    const target = nodes[at] ?? nodes[0];
    await client.workers.move('counter', { target: target.url });
    console.error(`counted ${answers.length}, moved to ${target.name}`);
    await counter.add(0); // it comes to count where it is
  }
}

await Promise.all([keepMoving(), ...Array.from({ length: AT_ONCE }, keepCounting)]);
const total = await counter.add(0);
const once = new Set(answers).size === answers.length ? 'every answer once' : 'an answer came twice';
console.log(`${answers.length} calls, ${total} counted, ${once}`);
await Promise.all(nodes.map((node) => node.close()));
process.exitCode = total === CALLS ? 0 : 1;
