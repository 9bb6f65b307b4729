/**
 * Two nodes under steady load of everything that can happen to a worker; what they hold is sampled and must not grow.
 *
 *     npm run soak -- --minutes 10 [--clients 4] [--sample-seconds 5] [--seed 1]
 *
 * Progress and faults go to standard error; the last line of standard output is JSON. Exit 1: something grows, went wrong or is left.
 */
import { parseArgs } from 'node:util';
import { runSoak } from './campaign.ts';
import { soakSummary } from './summary.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    clients: { type: 'string', default: '4' },
    'sample-seconds': { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});

function numberOf(name: keyof typeof values, least: number): number {
  const number = Number(values[name]);
  if (Number.isFinite(number) && number >= least) return number;
  console.error(`--${name} is ${values[name]}; it must be a number from ${least}`);
  process.exit(2);
}

const forMs = numberOf('minutes', 0) * 60_000;
const seed = numberOf('seed', 0);
const result = await runSoak({
  forMs,
  sampleEveryMs: numberOf('sample-seconds', 0.1) * 1000,
  clients: numberOf('clients', 1),
  seed,
  onProgress: (text) => console.error(text),
});
const summary = soakSummary(result, forMs, seed);
for (const [error, count] of Object.entries(summary.errors)) console.error(`${count} × ${error}`);
for (const what of summary.grows) console.error(`grows: ${what}`);
console.log(JSON.stringify(summary));
process.exit(summary.grows.length > 0 || summary.workers_left > 0 || Object.keys(summary.errors).length > 0 ? 1 : 0);
