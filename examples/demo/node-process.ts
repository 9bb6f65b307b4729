/** A node as a process of its own: name and data directory as arguments, its address as the first line of output. */
import { startNode } from '../../runtime/node/index.ts';

const [name = 'node', dataDir = ''] = process.argv.slice(2);
const node = await startNode({ listen: '127.0.0.1:0', name, dataDir });
process.stdout.write(`${node.url}\n`);

// Standard input ends when the demo does, however it ends.
process.stdin.on('end', () => process.exit(0)).resume();
process.once('SIGTERM', () => void node.close().then(() => process.exit(0)));
