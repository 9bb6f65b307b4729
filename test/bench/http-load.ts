/** Load by wrk, a process of its own that takes little of the machine. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { versionOf } from '../requires.ts';

export interface LoadJob {
  readonly origin: string;
  /** Dealt out to the connections. */
  readonly paths: readonly string[];
  readonly contentType: string;
  readonly body: string;
  readonly connections: number;
  readonly seconds: number;
  /** Bad answers that are let pass, one in so many; default: none. */
  readonly oneBadIn?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const US_PER_SECOND = 1e6;
const US_PER_MS = 1000;

/** Each connection is a thread with a path of its own. Tells what it found, as JSON in the last line. */
const script = ({ contentType, body, paths }: LoadJob): string => `
local paths = { ${paths.map((path) => JSON.stringify(path)).join(', ')} }
local threads = 0
function setup(thread)
  thread:set("path", paths[threads % #paths + 1])
  threads = threads + 1
end
wrk.method = "POST"
wrk.body = ${JSON.stringify(body)}
wrk.headers["Content-Type"] = ${JSON.stringify(contentType)}
function init() whole = wrk.format(nil, path) end
function request() return whole end
done = function(summary, latency)
  local errors = summary.errors
  local bad = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  io.write(string.format('\\n{"requests":%d,"elapsedUs":%d,"bad":%d,"p50Us":%d,"p99Us":%d}\\n',
    summary.requests, summary.duration, bad, latency:percentile(50), latency:percentile(99)))
end
`;

interface Told {
  readonly requests: number;
  readonly elapsedUs: number;
  readonly bad: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** @throws Error if wrk is not installed, or more answers were bad than may be */
export async function loadWith(job: LoadJob): Promise<LoadResult> {
  if (versionOf('wrk') === undefined) throw new Error('wrk is not installed: scripts/provision installs it');
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-wrk-'));
  try {
    const path = join(folder, 'post.lua');
    await writeFile(path, script(job));
    const args = [
      '-t',
      `${job.connections}`,
      '-c',
      `${job.connections}`,
      '-d',
      `${job.seconds}s`,
      '-s',
      path,
      job.origin,
    ];
    const { stdout } = await promisify(execFile)('wrk', args);
    const told = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Told; // the script's own line
    const allowed = job.oneBadIn === undefined ? 0 : told.requests / job.oneBadIn;
    if (told.bad > allowed || told.requests === 0)
      throw new Error(`${job.origin}: ${told.bad} of ${told.requests} answers were bad`);
    return {
      perSecond: told.requests / (told.elapsedUs / US_PER_SECOND),
      p50Ms: told.p50Us / US_PER_MS,
      p99Ms: told.p99Us / US_PER_MS,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
