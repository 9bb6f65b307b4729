/** What campaigns and benchmarks need of a node, found out by trying. */
import { PluvioError } from '../../runtime/errors/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { deployGuest, type Guest, type ManifestFields } from './guests.ts';

/** A node, and how to send it requests with headers of one's own. */
export interface Asked {
  readonly url: string;
  readonly client: PluvioClient;
}

/** A client whose requests carry these headers, too. */
export function clientWith(baseUrl: string, headers: Readonly<Record<string, string>>): PluvioClient {
  const withHeaders: typeof fetch = (url, init) => {
    const all = new Headers(init?.headers);
    for (const [name, value] of Object.entries(headers)) all.set(name, value);
    return fetch(url, { ...init, headers: all });
  };
  return new PluvioClient({ baseUrl, retries: 0, fetch: withHeaders });
}

interface FeatureRow {
  readonly guest: Guest;
  readonly fields?: ManifestFields;
  /** Tries it with a worker of that guest; gives what is missing, undefined: nothing. */
  readonly tryWith: (node: Asked, worker: string) => Promise<string | undefined>;
}

const HIBERNATES_WITHIN_MS = 5000;
const POLL_MS = 20;

export const FEATURES = {
  'idempotency keys': {
    guest: 'ledger',
    tryWith: async ({ url }, worker) => {
      const { workers } = clientWith(url, { 'idempotency-key': 'probe' });
      await workers.call(worker, 'apply', [1]);
      const again = await workers.call(worker, 'apply', [1]);
      return again.kind === 'returned' && again.values[0] === 1 ? undefined : 'a call with a known key is made again';
    },
  },
  'checkpoints of each call': {
    guest: 'ledger',
    fields: { checkpoint: 'each-call' },
    tryWith: async ({ client }, worker) => {
      await client.workers.call(worker, 'apply', [1]);
      const { checkpoint } = await client.workers.get(worker);
      return checkpoint ? undefined : 'a call leaves no checkpoint';
    },
  },
  hibernation: {
    guest: 'ledger',
    fields: { hibernate: { afterMs: 0 } },
    tryWith: async ({ client }, worker) => {
      await client.workers.call(worker, 'apply', [1]);
      for (let waited = 0; waited < HIBERNATES_WITHIN_MS; waited += POLL_MS) {
        const { status } = await client.workers.get(worker);
        if ((status as string) === 'hibernated') return undefined;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      return `an idle worker does not hibernate within ${HIBERNATES_WITHIN_MS} ms`;
    },
  },
  'calls with bytes': {
    guest: 'echo',
    fields: { interface: { echo: { encoding: 'bytes' } } },
    tryWith: async ({ url }, worker) => {
      const headers = { 'content-type': 'application/octet-stream' };
      const answer = await fetch(`${url}/v1/workers/${worker}/call/echo`, { method: 'POST', body: 'probe', headers });
      return (await answer.text()) === 'probe' ? undefined : `a call with bytes is answered with ${answer.status}`;
    },
  },
  messages: {
    guest: 'mailbox-ledger',
    fields: { capabilities: { 'mailbox.receive': [], timers: [] } },
    tryWith: async ({ client }, worker) => {
      const sender = `${worker}-sender`;
      const capabilities = { 'mailbox.send': [worker], config: ['to'] };
      await deployGuest(client, sender, 'mailbox-sender', { capabilities, config: { to: worker } });
      const sent = await client.workers.call(sender, 'pass_on', [1, 0]);
      const told = await client.workers.call(sender, 'tell', [1]);
      await client.workers.delete(sender);
      const arrived = sent.kind === 'returned' && told.kind === 'returned' && told.values[0] === 1n;
      return arrived ? undefined : 'a message does not arrive';
    },
  },
} as const satisfies Record<string, FeatureRow>;
export type Feature = keyof typeof FEATURES;

async function reasonAgainst(node: Asked, feature: Feature): Promise<string | undefined> {
  const row: FeatureRow = FEATURES[feature];
  const worker = `probe-${feature.replaceAll(' ', '-')}`;
  try {
    await deployGuest(node.client, worker, row.guest, row.fields);
    const missing = await row.tryWith(node, worker);
    await node.client.workers.delete(worker);
    return missing;
  } catch (error) {
    if (error instanceof PluvioError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

/** What a node cannot do of what is needed, with the reason; empty: it can do all of it. */
export async function missing(node: Asked, needs: readonly Feature[]): Promise<readonly string[]> {
  const reasons: string[] = [];
  for (const feature of needs) {
    const reason = await reasonAgainst(node, feature);
    if (reason !== undefined) reasons.push(`this node has no ${feature} (${reason})`);
  }
  return reasons;
}

/** @throws PluvioError `UNSUPPORTED`: the node cannot do it */
export async function mustHave(node: Asked, needs: readonly Feature[]): Promise<void> {
  const reasons = await missing(node, needs);
  if (reasons.length > 0) throw new PluvioError('UNSUPPORTED', reasons.join('; '));
}
