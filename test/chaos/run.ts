/**
 * Kills nodes at random moments under load, and looks for what they had acknowledged.
 *
 *     npm run chaos -- --kills 50 --seed 1 [--nodes 2] [--scenario NAME]…
 *
 * Progress and faults go to standard error; the last line of standard output is JSON. Exit 1: something was lost, done twice, or ran twice.
 */
import { parseArgs } from 'node:util';
import { runChaos } from './campaign.ts';
import { type Scenario, SCENARIOS } from './scenarios.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '2' },
    scenario: { type: 'string', multiple: true, default: [] },
  },
});

function numberOf(name: 'kills' | 'seed' | 'nodes', least: number): number {
  const number = Number(values[name]);
  if (Number.isInteger(number) && number >= least) return number;
  console.error(`--${name} is ${values[name]}; it must be a whole number from ${least}`);
  process.exit(2);
}

const unknown = values.scenario.filter((name) => !Object.hasOwn(SCENARIOS, name));
if (unknown.length > 0) {
  console.error(`--scenario is ${unknown.join(', ')}; there are: ${Object.keys(SCENARIOS).join(', ')}`);
  process.exit(2);
}
const chosen = Object.entries<Scenario>(SCENARIOS).filter(
  ([name]) => values.scenario.length === 0 || values.scenario.includes(name),
);
const seed = numberOf('seed', 0);
const { kills, faults, doubles, scenarios } = await runChaos({
  kills: numberOf('kills', 0),
  seed,
  nodes: numberOf('nodes', 2),
  scenarios: Object.fromEntries(chosen),
  onProgress: (text) => console.error(text),
});
for (const { kind, text } of faults) console.error(`${kind}: ${text}`);
for (const name of doubles) console.error(`double running: ${name}`);
const countOf = (kind: string): number => faults.filter((fault) => fault.kind === kind).length;
const summary = {
  lost: countOf('lost'),
  duplicated: countOf('duplicated'),
  double_running: doubles.length,
  kills,
  seed,
};
const failed = faults.length > 0 || doubles.length > 0;
if (failed) console.error(`again: npm run chaos -- --kills ${kills} --seed ${seed}`);
const shown = scenarios.map(({ name, skipped, acknowledged, refused }) => ({
  name,
  ...(skipped === undefined ? { ...acknowledged, refused } : { skipped }),
}));
console.log(JSON.stringify({ ...summary, scenarios: shown }));
process.exit(failed ? 1 : 0);
