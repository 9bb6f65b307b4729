/** Nodes by a config, as an operator starts them. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loadConfig, nodeOptionsOf } from '../../runtime/node/config/index.ts';
import { type NodeOptions, type RunningNode, startNode } from '../../runtime/node/index.ts';
import { createToken, readKeyFile, type TokenRequest } from '../../runtime/node/security/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { fetchWith } from './certificates.ts';
import { afterTest, openFolder } from './open-nodes.ts';

export interface ConfiguredNode extends RunningNode {
  readonly folder: string;
  readonly dataDir: string;
  /** A token of the node's own key. */
  token(request: Omit<TokenRequest, 'lifetimeS' | 'nowMs'>): Promise<string>;
  client(token?: string): PluvioClient;
}

export interface ConfiguredOptions extends Partial<NodeOptions> {
  /** Where the config is, and what its paths are relative to; default: a new one. */
  readonly folder?: string;
  /** Its data directory, in the folder. */
  readonly data?: string;
  /** Authorities that clients of the node take. */
  readonly ca?: readonly Buffer[];
}

export const ALL_RIGHTS = ['read', 'logs', 'call', 'deploy', 'stop', 'snapshot', 'move', 'admin', 'peer'] as const;

/** A node with a data directory, by a config; the test's end closes it. */
export async function startConfigured(config: object, options: ConfiguredOptions = {}): Promise<ConfiguredNode> {
  const { folder = await openFolder(), data = 'data', ca = [], ...rest } = options;
  const file = join(folder, `${data}.json`);
  await writeFile(file, JSON.stringify({ listen: '127.0.0.1:0', dataDir: data, ...config }));
  const node = await startNode({ ...(await nodeOptionsOf(await loadConfig({ file }))), ...rest });
  afterTest(() => node.close());
  const dataDir = join(folder, data);
  const fetchOptions = ca.length === 0 ? {} : { fetch: fetchWith(ca, afterTest) };
  return {
    ...node,
    folder,
    dataDir,
    token: async (request) => {
      const times = { lifetimeS: 3600, nowMs: Date.now() };
      return createToken(await readKeyFile(join(dataDir, 'identity.pem')), { subject: 'test', ...times, ...request });
    },
    client: (token) =>
      new PluvioClient({ baseUrl: node.url, ...fetchOptions, ...(token === undefined ? {} : { token }) }),
  };
}
