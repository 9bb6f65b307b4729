/** Two nodes of the command line, which grant what the templates ask for. */
import { PluvioClient } from '../../sdk/client/index.ts';
import { ROOT, type Running, startPluvio } from './command.ts';

export interface TripNode {
  readonly url: string;
  /** Where it answers HTTP requests by routes. */
  readonly ingress: string;
  readonly client: PluvioClient;
}

export type TwoNodes = readonly [TripNode, TripNode];

const GRANTS = { kv: [], timers: [], 'mailbox.receive': [], 'http.inbound': ['*/*'] };

async function openNode(running: Running): Promise<TripNode> {
  const { url } = JSON.parse(await running.until('stdout', '\n')) as { url: string }; // what `pluvio node -o json` prints
  const client = new PluvioClient({ baseUrl: url });
  return { url, ingress: (await client.node()).ingress ?? '', client };
}

/** Starts two nodes and ends them after `run`. */
export async function withNodes(run: (nodes: TwoNodes) => Promise<void>): Promise<void> {
  const args = ['node', '-o', 'json', '--listen', '127.0.0.1:0', '--ingress', '127.0.0.1:0'];
  const start = (): Running => startPluvio(ROOT, ...args, '--set', `grants=${JSON.stringify(GRANTS)}`);
  const running = [start(), start()] as const;
  try {
    await run([await openNode(running[0]), await openNode(running[1])]);
  } finally {
    await Promise.all(running.map((node) => node.end()));
  }
}
