/** Clients that call workers of a node, as a process of their own; tells how long each call took. */
import { Agent, request } from 'undici';
import { readJob, report } from '../child.ts';

export interface CallJob {
  readonly url: string;
  /** Names, dealt out to the clients, each of which calls its own in turn. */
  readonly workers: readonly string[];
  readonly clients: number;
  /** From the beginning of a client's call to that of its next; 0: the next begins when the answer is there. */
  readonly everyMs: number;
  readonly forMs: number;
  /** A client ends sooner when it has called each of its workers once. */
  readonly once?: boolean;
  readonly exportName: string;
  readonly args: readonly number[];
}

export interface CallTimes {
  readonly elapsedMs: readonly number[];
  /** From the first call to the end of the last. */
  readonly wallMs: number;
}

const job = readJob<CallJob>();
const body = JSON.stringify({ args: job.args });
const elapsedMs: number[] = [];

async function call(agent: Agent, worker: string): Promise<void> {
  const answer = await request(`${job.url}/v1/workers/${worker}/call/${job.exportName}`, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': 'application/json' },
    body,
  });
  const text = await answer.body.text();
  if (answer.statusCode !== 200 || !text.includes('"returned"')) {
    throw new Error(`a call of ${worker} was answered with ${answer.statusCode}: ${text.slice(0, 500)}`);
  }
}

async function client(index: number, begin: number): Promise<void> {
  const own = job.workers.filter((_, at) => at % job.clients === index);
  const agent = new Agent({ connections: 1, pipelining: 1 });
  let due = begin + (index * job.everyMs) / job.clients;
  for (let turn = 0; performance.now() < begin + job.forMs && !(job.once && turn >= own.length); turn++) {
    const waitMs = due - performance.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    // A call that is late because the one before it took long counts from when it was due.
    const start = job.everyMs === 0 || waitMs > 0 ? performance.now() : due;
    await call(agent, own[turn % own.length] ?? '');
    elapsedMs.push(performance.now() - start);
    due += job.everyMs;
  }
  await agent.close();
}

const begin = performance.now();
await Promise.all(Array.from({ length: job.clients }, (_, index) => client(index, begin)));
report({ elapsedMs, wallMs: performance.now() - begin } satisfies CallTimes);
