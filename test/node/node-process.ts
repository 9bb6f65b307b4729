/**
 * A node as a process of its own: options as JSON in the first argument; its address as the first line of output.
 *
 * `killAt` names a fault point at which the process kills itself, as `kill -9` does. Where there is a channel to the parent, every message
 * on it is answered with what the process holds.
 */
import { type FaultPoint, type NodeOptions, startNode } from '../../runtime/node/index.ts';
import { innerUsage } from './process-usage.ts';

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
process.on('message', () => process.send?.(innerUsage()));
process.on('disconnect', () => process.exit(1)); // whoever drives it is gone
process.once('SIGTERM', () => void node.close().then(() => process.exit(0)));
