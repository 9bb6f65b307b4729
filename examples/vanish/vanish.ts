/**
 * A long computation on machines that vanish. While it runs, its state is carried away every now and then; when its machine is gone (`kill -9`, and
 * nothing was on a disk), the next machine goes on from there. What is printed in the end is what an undisturbed run prints.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PluvioClient } from 'pluvio';
import { startNode } from 'pluvio/node';

const MACHINES = 4;
/** Lines of output between two copies of the state; a machine vanishes half-way to the third. */
const LINES = 50;

interface Machine {
  readonly process: ChildProcess;
  readonly client: PluvioClient;
}

/** A node without a disk, as a process of its own: this script again, which prints its address. */
async function startMachine(number: number): Promise<Machine> {
  const script = fileURLToPath(import.meta.url);
  const child = spawn(process.execPath, [script, `machine-${number}`], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string];
  return { process: child, client: new PluvioClient({ baseUrl: url }) };
}

/** Done when the worker has printed that many lines, this machine's and all before. */
async function printed({ workers }: PluvioClient, lines: number): Promise<void> {
  let count = 0;
  for await (const { bytes } of workers.logs('pi', { follow: true })) {
    count += bytes.filter((byte) => byte === 0x0a).length;
    if (count >= lines) return;
  }
  throw new Error(`the program ended after ${count} lines`);
}

async function compute(): Promise<void> {
  const module = await readFile(new URL('../pi/pi.wasm', import.meta.url));
  let copy: Blob | undefined;
  let copiedLines = 0;
  for (let number = 1; number <= MACHINES; number++) {
    const machine = await startMachine(number);
    const { workers, bundles } = machine.client;
    if (copy === undefined) await workers.create({ name: 'pi', module, args: ['16000'] });
    else await workers.create({ name: 'pi', bundle: (await bundles.upload(copy)).digest });
    if (number === MACHINES) {
      const outcome = await workers.waitOutcome('pi');
      console.error(`machine ${number}: ${JSON.stringify(outcome)}`);
      for await (const { bytes } of workers.logs('pi')) process.stdout.write(bytes);
    } else {
      for (let copies = 1; copies <= 2; copies++) {
        await printed(machine.client, copiedLines + LINES);
        const { digest, sizeBytes } = await workers.snapshot('pi'); // it goes on meanwhile
        copy = await new Response(await bundles.content(digest)).blob();
        copiedLines += LINES;
        console.error(`machine ${number}: ${copiedLines} lines, ${sizeBytes} bytes of state carried away`);
      }
      await printed(machine.client, copiedLines + LINES / 2);
      console.error(`machine ${number} vanishes; at least ${LINES / 2} lines are computed again`);
    }
    const gone = once(machine.process, 'exit');
    machine.process.kill('SIGKILL');
    await gone;
  }
}

const [name] = process.argv.slice(2);
if (name === undefined) await compute();
else {
  process.stdin.on('end', () => process.exit()).resume(); // who has started it is gone
  console.log((await startNode({ listen: '127.0.0.1:0', name })).url);
}
