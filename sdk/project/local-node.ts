/** A node in this process for work on a project: it grants whatever is asked for, and secrets are variables of the environment. */
import { CAPABILITIES, type CapabilityName } from '../../runtime/host/index.ts';
import { type Logger, type RunningNode, silentLogger, startNode } from '../../runtime/node/index.ts';
import { PluvioClient } from '../client/index.ts';

/** Every capability, as far as it goes. */
function allGrants(): Record<string, readonly string[]> {
  const scoped: readonly CapabilityName[] = [
    ...(['config', 'secrets', 'mailbox.send', 'topics.publish', 'topics.subscribe', 'http.outbound'] as const),
  ];
  const grants = Object.keys(CAPABILITIES).map((name) => [name, scoped.includes(name as CapabilityName) ? ['*'] : []]);
  return { ...(Object.fromEntries(grants) as Record<string, readonly string[]>), 'http.inbound': ['*/*'] }; // keys of the table
}

export interface LocalNodeOptions {
  readonly listen?: string;
  /** Where workers answer HTTP requests by their routes. */
  readonly ingress?: string;
  /** Where state is kept; default: in memory. */
  readonly dataDir?: string;
  readonly logger?: Logger;
}

export interface LocalNode extends RunningNode {
  readonly client: PluvioClient;
}

/** @throws PluvioError `LISTEN_REFUSED`, `STORE_…` */
export async function openLocalNode({ listen = '127.0.0.1:0', ...options }: LocalNodeOptions = {}): Promise<LocalNode> {
  const node = await startNode({
    logger: silentLogger,
    ...options,
    listen,
    checkpointPolicy: options.dataDir === undefined ? 'never' : 'idle',
    grants: { all: allGrants(), tenants: {} },
    secrets: (_, name) => process.env[name],
    outbound: { allowPrivate: ['127.0.0.0/8', '::1'] },
  });
  return { ...node, client: new PluvioClient({ baseUrl: node.url }) };
}
