/**
 * A node as a process of its own: options as JSON in the first argument; its address as the first line of output.
 *
 * `killAt` names a fault point at which the process kills itself, as `kill -9` does.
 */
import { type FaultPoint, type NodeOptions, startNode } from '../../runtime/node/index.ts';

const { killAt, ...options } = JSON.parse(process.argv[2] ?? '{}') as NodeOptions & { killAt?: FaultPoint };

const node = await startNode({
  ...options,
  fault: async (point) => {
    if (point !== killAt) return;
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => undefined);
  },
});
process.stdout.write(`${node.url}\n`);
process.once('SIGTERM', () => void node.close().then(() => process.exit(0)));
