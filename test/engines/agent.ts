/**
 * The program that runs in each engine: asks the runner for jobs over HTTP, does them, reports. In Node, Bun and Deno it is started with
 * the runner's address and its own name as arguments; in a page or a web worker it finds both in its address.
 */
import { type Blobs, perform } from './agent-jobs.ts';
import { type Answer, fromText, type Job, toText } from './wire.ts';

const [base, name] = typeof process === 'object' ? process.argv.slice(2) : ownAddress();
if (base === undefined || name === undefined) throw new TypeError('usage: agent.ts RUNNER-URL NAME');

function ownAddress(): [string, string | undefined] {
  return [location.origin, new URLSearchParams(location.search).get('name') ?? undefined];
}

async function request(path: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(`${base}${path}`, init);
  if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
  return response;
}

const blobs: Blobs = {
  get: async (blob) => new Uint8Array(await (await request(`/blobs/${blob}`)).arrayBuffer()),
  put: async (bytes) => (await request('/blobs', { method: 'POST', body: new Blob([bytes as BlobPart]) })).text(),
};

async function answerTo(job: Job): Promise<Answer> {
  try {
    return { ok: true, report: await perform(job.kind, job, blobs) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? `${error.message}\n${error.stack ?? ''}` : String(error) };
  }
}

/** The runner answers when it has a job; with nothing if it wants to be asked again. */
for (;;) {
  const text = await (await request(`/jobs/${name}`)).text();
  if (text === '') continue;
  const body = toText(await answerTo(fromText<Job>(text)));
  await request(`/answers/${name}`, { method: 'POST', body });
}
