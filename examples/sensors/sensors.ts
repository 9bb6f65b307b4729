/**
 * A sensor pipeline: readings go to a filter on a gateway, which passes what is plausible on to a summary. While they flow, the summary is moved to
 * a server, and later back. Every reading is counted once.
 *
 *     sensors ──messages──▶ filter (gateway) ──messages──▶ summary (gateway ⇄ server)
 */
import { fileURLToPath } from 'node:url';
import { PluvioClient } from 'pluvio';
import { startNode } from 'pluvio/node';
import { applyDeploy, buildProject, loadProject, planDeploy } from 'pluvio/project';

/** As `pluvio types` writes it. */
interface Summary {
  all(): readonly {
    readonly name: string;
    readonly readings: number;
    readonly least: number;
    readonly most: number;
    readonly sum: number;
  }[];
  readings(): number;
}

const READINGS = 300;
const NOISE_EVERY = 10;
const SENSORS = ['roof', 'cellar', 'garden'] as const;

/** The same readings every time: `sensor value`. */
const reading = (at: number): string => {
  const sensor = SENSORS[at % SENSORS.length] ?? 'roof';
  return at % NOISE_EVERY === 0 ? `${sensor} 999` : `${sensor} ${((at * 37) % 400) / 10 - 10}`;
};

const grants = { all: { 'mailbox.receive': [], 'mailbox.send': ['*'] }, tenants: {} };
const [gateway, server] = await Promise.all([
  startNode({ listen: '127.0.0.1:0', name: 'gateway', grants }),
  startNode({ listen: '127.0.0.1:0', name: 'server', grants }),
]);
const client = new PluvioClient({ baseUrl: gateway.url });
for (const name of ['summary', 'filter']) {
  const built = await buildProject(await loadProject(fileURLToPath(new URL(`${name}/`, import.meta.url))));
  await applyDeploy(client, await planDeploy(client, built), built, false);
}
const summary = client.worker<Summary>('summary');

let isMeasuring = true;
async function measure(): Promise<void> {
  for (let at = 0; at < READINGS; at++) await client.workers.send('filter', reading(at)); // durable when it returns
  isMeasuring = false;
}

async function move(): Promise<void> {
  for (const target of [server, gateway, server]) {
    if (!isMeasuring) return;
    await client.workers.move('summary', { target: target.url });
    console.error(`the summary is on the ${target.name}, after ${await summary.readings()} readings`);
  }
}

await Promise.all([measure(), move()]);
const plausible = READINGS - READINGS / NOISE_EVERY;
while ((await summary.readings()) < plausible); // the last ones are on their way
for (const { name, readings, least, most, sum } of await summary.all()) {
  console.log(
    `${name}: ${readings} readings, ${least.toFixed(1)} to ${most.toFixed(1)}, mean ${(sum / readings).toFixed(2)}`,
  );
}
await Promise.all([gateway.close(), server.close()]);
