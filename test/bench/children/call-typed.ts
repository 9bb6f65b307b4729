/** A client that calls one worker with values and with bytes, by turns, through the client and as plain requests; tells how long a call took. */
import { Agent, request } from 'undici';
import { PluvioClient } from '../../../sdk/client/index.ts';
import { readJob, report } from '../child.ts';
import { median } from '../statistics.ts';

export interface TypedCallJob {
  readonly url: string;
  readonly worker: string;
  /** Of each way, in each block. */
  readonly calls: number;
  readonly blocks: number;
}

export const WAYS = ['raw', 'typed', 'raw-wire', 'typed-wire'] as const;
export type Way = (typeof WAYS)[number];
/** Microseconds: the median over the blocks of each block's mean. */
export type TypedCallTimes = Readonly<Record<Way, number>>;

const NAME = 'Ada Lovelace';
const GREETING = `Hello, ${NAME}!`;
const US_PER_MS = 1000;

const job = readJob<TypedCallJob>();
const client = new PluvioClient({ baseUrl: job.url });
const agent = new Agent({ connections: 1, pipelining: 1 });
const typed = client.worker<{ greet(name: string): string }>(job.worker);
const decoder = new TextDecoder();

async function send(exportName: string, type: string, body: string): Promise<string> {
  const answer = await request(`${job.url}/v1/workers/${job.worker}/call/${exportName}`, {
    method: 'POST',
    dispatcher: agent,
    headers: { 'content-type': type },
    body,
  });
  return answer.body.text();
}

const CALLS: Readonly<Record<Way, () => Promise<string>>> = {
  raw: async () => decoder.decode(await client.workers.invoke(job.worker, 'greetBytes', NAME)),
  typed: () => typed.greet(NAME),
  'raw-wire': () => send('greetBytes', 'application/octet-stream', NAME),
  'typed-wire': async () => JSON.parse(await send('greet', 'application/json', JSON.stringify([NAME]))) as string,
};

async function blockUs(way: Way, calls: number): Promise<number> {
  const begin = performance.now();
  for (let turn = 0; turn < calls; turn++) {
    const answer = await CALLS[way]();
    if (answer !== GREETING) throw new Error(`${way} was answered with ${answer}`);
  }
  return ((performance.now() - begin) * US_PER_MS) / calls;
}

const times: Record<Way, number[]> = { raw: [], typed: [], 'raw-wire': [], 'typed-wire': [] };
for (const way of WAYS) await blockUs(way, job.calls); // warm
for (let block = 0; block < job.blocks; block++) {
  for (let at = 0; at < WAYS.length; at++) {
    const way = WAYS[(at + block) % WAYS.length] ?? 'raw';
    times[way].push(await blockUs(way, job.calls));
  }
}
await agent.close();
const middle = (way: Way): number => median(times[way]);
report({
  raw: middle('raw'),
  typed: middle('typed'),
  'raw-wire': middle('raw-wire'),
  'typed-wire': middle('typed-wire'),
} satisfies TypedCallTimes);
