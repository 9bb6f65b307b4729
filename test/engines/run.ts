/**
 * Pluvio in every engine at once: `npm run engines -- [--hosts node,bun,…] [--only PROGRAM,…] [--rounds N] [--breaks N]
 * [--skip trips,corpus,depth]`.
 *
 * First journeys, a line per stage: a program is begun in Node and goes on as a snapshot from engine to engine. Then the corpus of programs
 * in every mode and by both ways of unwinding, and recursion without end, a line per engine. The last line is a JSON object with the counts. Exit code 1: something
 * differed; 2: an engine is not installed.
 */
import { parseArgs } from 'node:util';
import { type ModesResult, runCorpus } from './corpus-modes.ts';
import { type DepthResult, runDepths } from './depth.ts';
import { type EngineHost, HOST_NAMES, type HostName, missingHosts, openHost } from './engine-hosts.ts';
import { Exchange } from './exchange.ts';
import { runTrip, type Stage, TRIPS } from './trips.ts';

interface Counts {
  stages: number;
  journeys: number;
  runs: number;
  breaks: number;
  unsupported: number;
  recursions: number;
  faults: number;
}

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: HOST_NAMES.join(',') },
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    breaks: { type: 'string', default: '100' },
    skip: { type: 'string', default: '' },
  },
});
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const label = ({ name, version }: EngineHost): string => `${name} ${version}`.padEnd(31);
const isHost = (name: string): name is HostName => HOST_NAMES.some((known) => known === name);

function printStage({ trip, host, report, snapshotBytes, faults }: Stage): void {
  const done = report.snapshot === undefined ? 'ended' : 'stopped';
  const columns = [
    trip.padEnd(16),
    label(host),
    `by ${report.unwind}`.padEnd(8),
    (report.recaptured === undefined ? `begun, ${done}` : `resumed, ${done}`).padEnd(16),
    `${snapshotBytes} bytes`.padStart(15),
    `${report.ms.toFixed(1)} ms`.padStart(10),
    `fuel ${report.fuelUsed}`.padStart(17),
    faults.length === 0 ? 'ok' : `FAULT ${faults.join('; ')}`,
  ];
  print(columns.join('  '));
}

async function runTrips(hosts: readonly EngineHost[], exchange: Exchange, counts: Counts): Promise<void> {
  const trips = TRIPS.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
  for (const trip of trips) {
    counts.journeys++;
    await runTrip(trip, hosts, Number(values.rounds), exchange, (stage) => {
      counts.stages++;
      counts.faults += stage.faults.length;
      printStage(stage);
    });
  }
}

async function runModes(hosts: readonly EngineHost[], exchange: Exchange, counts: Counts): Promise<void> {
  const results: ModesResult[] = [];
  await runCorpus(hosts, exchange, Number(values.breaks), (result) => {
    results.push(result);
    counts.runs += result.runs;
    counts.breaks += result.breaks;
    if (result.unsupported) counts.unsupported++;
    counts.faults += result.faults.length;
    const where = `${result.program}, ${result.host.name}, by ${result.unwind}`;
    for (const fault of result.faults) print(`${where}: FAULT ${fault}`);
  });
  for (const host of hosts) {
    const own = results.filter((result) => result.host === host);
    const sum = (read: (result: ModesResult) => number): number => own.reduce((total, one) => total + read(one), 0);
    const refused = [...new Set(own.filter(({ unsupported }) => unsupported).map(({ program }) => program))];
    const programs = new Set(own.map(({ program }) => program)).size;
    print(
      `corpus  ${label(host)}  ${programs} programs, ${sum(({ runs }) => runs)} runs, ` +
        `${sum(({ breaks }) => breaks)} slices and stops, ` +
        `${refused.length === 0 ? 'all supported' : `not supported: ${refused.join(', ')}`}, ` +
        (sum(({ faults }) => faults.length) === 0 ? 'ok' : 'FAULT'),
    );
  }
}

/** The outcome that recursion without end must have. */
const TOO_DEEP = 'limit stackDepth';

async function runRecursions(hosts: readonly EngineHost[], exchange: Exchange, counts: Counts): Promise<void> {
  const results: DepthResult[] = [];
  await runDepths(hosts, exchange, (result) => {
    results.push(result);
    counts.recursions++;
    if (result.outcome === TOO_DEEP) return;
    counts.faults++;
    print(`depth, ${result.shape}, ${result.host.name}, by ${result.unwind}: FAULT ended as "${result.outcome}"`);
  });
  for (const host of hosts) {
    const own = results.filter((result) => result.host === host);
    const faults = own.filter(({ outcome }) => outcome !== TOO_DEEP).length;
    print(
      `depth   ${label(host)}  ${own.length} recursions without end: ${faults === 0 ? 'ended by the limit, ok' : 'FAULT'}`,
    );
  }
}

async function run(names: readonly HostName[]): Promise<Counts> {
  const counts: Counts = { stages: 0, journeys: 0, runs: 0, breaks: 0, unsupported: 0, recursions: 0, faults: 0 };
  const skipped = values.skip.split(',');
  const exchange = await Exchange.open();
  const hosts: EngineHost[] = [];
  try {
    for (const name of names) hosts.push(await openHost(name, exchange));
    if (!skipped.includes('trips')) await runTrips(hosts, exchange, counts);
    if (!skipped.includes('corpus')) await runModes(hosts, exchange, counts);
    if (!skipped.includes('depth')) await runRecursions(hosts, exchange, counts);
  } finally {
    for (const host of hosts) await host.close();
    await exchange.close();
  }
  return counts;
}

const names = values.hosts.split(',').filter(isHost);
const missing = missingHosts(names);
if (names.length === 0 || missing !== undefined) {
  process.stderr.write(`${missing ?? `--hosts names none of: ${HOST_NAMES.join(', ')}`}\n`);
  process.exitCode = 2;
} else {
  const counts = await run(names);
  print(JSON.stringify({ hosts: names, ...counts }));
  if (counts.faults > 0 || counts.stages + counts.runs + counts.recursions === 0) process.exitCode = 1;
}
