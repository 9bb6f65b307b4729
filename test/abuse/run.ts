/**
 * Clients that misbehave, against a node of their own, while others behave well and are timed.
 *
 *     npm run abuse -- --seconds 60 [--clients 64] [--seed 1] [--rest-ms 400] [--only ATTACK]…
 *
 * Every client rests up to `--rest-ms` between two attacks, so that the node is misused rather than merely outnumbered.
 *
 * Progress and findings go to standard error; the last line of standard output is JSON. Exit 1: something must not be.
 */
import { parseArgs } from 'node:util';
import { ATTACKS } from './attacks.ts';
import { runAbuse } from './campaign.ts';
import { abuseSummary, violationsOf } from './summary.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    clients: { type: 'string', default: '64' },
    seed: { type: 'string', default: '1' },
    'rest-ms': { type: 'string', default: '400' },
    only: { type: 'string', multiple: true, default: [] },
  },
});

function numberOf(name: 'seconds' | 'clients' | 'seed' | 'rest-ms', least: number): number {
  const number = Number(values[name]);
  if (Number.isFinite(number) && number >= least) return number;
  console.error(`--${name} is ${values[name]}; it must be a number from ${least}`);
  process.exit(2);
}

const unknown = values.only.filter((name) => !Object.hasOwn(ATTACKS, name));
if (unknown.length > 0) {
  console.error(`--only is ${unknown.join(', ')}; there are: ${Object.keys(ATTACKS).join(', ')}`);
  process.exit(2);
}
const seed = numberOf('seed', 0);
const totals = await runAbuse({
  seconds: numberOf('seconds', 1),
  clients: numberOf('clients', 1),
  seed,
  restMs: numberOf('rest-ms', 0),
  only: values.only,
  onProgress: (text) => console.error(text),
});
const summary = abuseSummary(totals, seed);
for (const line of [...summary.findings, ...violationsOf(summary, true)]) console.error(line);
if (totals.crash !== undefined) console.error(totals.crash);
console.log(JSON.stringify(summary));
process.exit(violationsOf(summary, true).length > 0 ? 1 : 0);
