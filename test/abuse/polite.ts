/**
 * Well-behaved clients, as a process of their own so that the abuse does not slow down who measures: `node polite.ts JOB`.
 *
 * Each has a connection and a rhythm. A request that is late because the one before it took long counts from when it was due.
 */
import { Agent, request } from 'undici';

export interface PoliteJob {
  readonly url: string;
  /** One for each client; they count. */
  readonly workers: readonly string[];
  readonly forMs: number;
  /** From the beginning of one request of a client to that of its next. */
  readonly everyMs: number;
}

export interface PoliteResult {
  /** One for each request, in milliseconds. */
  readonly elapsedMs: readonly number[];
  /** What was wrong, and how often. */
  readonly faults: Readonly<Record<string, number>>;
}

const SETTLE_MS = 500;

async function main(job: PoliteJob): Promise<PoliteResult> {
  const elapsedMs: number[] = [];
  const faults: Record<string, number> = {};
  const begin = performance.now();
  const client = async (worker: string, index: number): Promise<void> => {
    const agent = new Agent({ connections: 1, pipelining: 1 });
    let due = begin + (index * job.everyMs) / job.workers.length;
    for (let turn = 0; due < begin + job.forMs; turn++, due += job.everyMs) {
      const wait = due - performance.now();
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      const start = wait > 0 ? performance.now() : due;
      const fault = await ask(agent, job.url, worker, turn).catch((error: Error) => error.message);
      if (fault !== undefined) faults[fault] = (faults[fault] ?? 0) + 1;
      if (start - begin > Math.min(SETTLE_MS, job.forMs / 4)) elapsedMs.push(performance.now() - start);
    }
    await agent.close();
  };
  await Promise.all(job.workers.map(client));
  return { elapsedMs, faults };
}

/** One request; what is wrong with its answer. Three in four are calls, whose answers tell whether any was lost or done twice. */
async function ask(agent: Agent, url: string, worker: string, turn: number): Promise<string | undefined> {
  if (turn % 4 === 3) {
    const { statusCode, body } = await request(`${url}/v1/workers/${worker}`, { dispatcher: agent });
    const { name } = (await body.json()) as { name?: string };
    return statusCode === 200 && name === worker ? undefined : `status ${statusCode} for a description`;
  }
  const { statusCode, body } = await request(`${url}/v1/workers/${worker}/call/effects`, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json' },
    body: '{"args":[]}',
  });
  const { outcome } = (await body.json()) as { outcome?: { kind: string; values?: unknown[] } };
  const good = statusCode === 200 && outcome?.kind === 'returned' && outcome.values?.[0] === 0;
  return good ? undefined : `status ${statusCode} for a call`;
}

const result = await main(JSON.parse(process.argv[2] ?? '{}') as PoliteJob); // written by campaign.ts
process.stdout.write(JSON.stringify(result));
