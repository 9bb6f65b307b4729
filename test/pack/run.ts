/**
 * Packs the package, installs it in an empty project and works from there, a line per check:
 *
 *     npm run pack-test [-- --hosts node22,node24,node26,bun,deno] [--missing name]
 *
 * First the package: size, manifest, types. Then every host: imports, a program stopped and resumed in process, the command, a node that
 * is deployed to and called. Versions of Node that are not there come from npm, once. The last line is JSON. Exit code 1: something does not
 * hold; 2: a host is neither there nor to be had, unless `--missing name` says that naming it will do.
 */
import { parseArgs } from 'node:util';
import { type Consumer, createConsumer } from './consumer-project.ts';
import { HOST_CHECKS } from './host-checks.ts';
import { openHosts, PACK_HOST_NAMES, type PackHost, type PackHostName } from './hosts.ts';
import { type Facts, PACKAGE_CHECKS } from './package-checks.ts';

const { values } = parseArgs({
  options: {
    hosts: { type: 'string', default: PACK_HOST_NAMES.join(',') },
    missing: { type: 'string', default: 'fail' },
  },
});
const isHost = (name: string): name is PackHostName => PACK_HOST_NAMES.some((known) => known === name);

const failures: string[] = [];
let passed = 0;

async function check(name: string, run: () => Promise<Facts>): Promise<void> {
  const began = performance.now();
  try {
    const facts = await run();
    passed++;
    console.log(
      `ok      ${name.padEnd(24)} ${(performance.now() - began).toFixed(0).padStart(6)} ms  ${JSON.stringify(facts)}`,
    );
  } catch (error) {
    failures.push(name);
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`failed  ${name}: ${reason.replaceAll('\n', ' | ')}`);
  }
}

async function checkHost(host: PackHost, consumer: Consumer): Promise<void> {
  for (const { name, run } of HOST_CHECKS) {
    await check(`${host.name} ${host.version} ${name}`, () => run({ host, consumer }));
  }
}

const names = values.hosts.split(',');
const unknown = names.filter((name) => !isHost(name));
if (unknown.length > 0) {
  console.error(`--hosts: ${unknown.join(', ')} is none of ${PACK_HOST_NAMES.join(', ')}`);
  process.exit(2);
}
const { hosts, missing } = await openHosts(names.filter(isHost));
for (const name of missing)
  console.log(`missing ${name}: npm has no package with it for this platform, or cannot be reached`);
const consumer = await createConsumer();
try {
  for (const { name, run } of PACKAGE_CHECKS) await check(`package ${name}`, () => run(consumer));
  // Each mostly waits for processes, which use one core.
  const waiting = [...hosts];
  const work = async (): Promise<void> => {
    for (let host = waiting.shift(); host !== undefined; host = waiting.shift()) await checkHost(host, consumer);
  };
  await Promise.all([work(), work()]);
} finally {
  await consumer.remove();
}
const versions = Object.fromEntries(hosts.map(({ name, version }) => [name, version]));
console.log(JSON.stringify({ passed, failed: failures.length, failures, hosts: versions, missing }));
if (failures.length > 0 || passed === 0) process.exit(1);
process.exit(missing.length > 0 && values.missing !== 'name' ? 2 : 0);
