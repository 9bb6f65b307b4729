/**
 * Shows what Pluvio does: two nodes in two processes, three programs that compute on the first one, each moved to the second and
 * back, twice, in mid-computation; then the comparison with undisturbed runs of the same programs on the bare engine.
 *
 *     npm run demo [-- --json]
 *
 * Exit code 0: every program left the same bytes behind. `--json` prints a summary as the last line.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endProcesses, runBare, spawnNode } from './child-processes.ts';
import { travel } from './journey.ts';
import { loadPrograms } from './programs.ts';
import { compare, type Finding, summaryOf, tableOf } from './report.ts';
import { Timeline } from './timeline.ts';

const NODES = ['A', 'B'] as const;
/** Gives up after that time: something hangs. */
const PATIENCE_MS = 240_000;

async function show(folder: string, signal: AbortSignal): Promise<readonly Finding[]> {
  const programs = await loadPrograms();
  const timeline = new Timeline(
    process.stdout,
    NODES,
    programs.map(({ name }) => name),
  );
  const nodes = await Promise.all([
    spawnNode(NODES[0], join(folder, 'node-a'), signal),
    spawnNode(NODES[1], join(folder, 'node-b'), signal),
  ]);
  timeline.event(`two nodes, each a process: ${nodes.map(({ name, url }) => `${name} ${url}`).join(', ')}`);

  const journeys = await Promise.all(programs.map((program) => travel(program, nodes, timeline)));
  timeline.event('the same programs, undisturbed on the bare engine');
  const results = await Promise.all(programs.map((program) => runBare(program, join(folder, program.name), signal)));
  timeline.finish();
  return programs.flatMap(({ name }, index) => {
    const [journey, result] = [journeys[index], results[index]];
    return journey && result ? [compare(name, journey, result)] : [];
  });
}

function print(findings: readonly Finding[], elapsedMs: number): void {
  process.stdout.write(`\n${tableOf(findings)}\n\n`);
  for (const { name, differences } of findings) {
    for (const difference of differences) process.stdout.write(`  ${name}: ${difference}\n`);
  }
  const same = findings.every(({ differences }) => differences.length === 0);
  const verdict = same ? 'Every byte is as in the undisturbed runs on the bare engine.' : 'The results DIFFER.';
  process.stdout.write(`  ${verdict} ${(elapsedMs / 1000).toFixed(1)} s in all.\n`);
}

async function main(args: readonly string[]): Promise<number> {
  const json = args[0] === '--json';
  if (args.length > (json ? 1 : 0)) {
    process.stderr.write('usage: npm run demo [-- --json]\n');
    return 2;
  }
  const startedMs = performance.now();
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
  const signal = AbortSignal.any([interrupt.signal, AbortSignal.timeout(PATIENCE_MS)]);
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-demo-'));
  try {
    const findings = await show(folder, signal);
    const elapsedMs = performance.now() - startedMs;
    print(findings, elapsedMs);
    const summary = summaryOf(findings, elapsedMs);
    if (json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    return summary['ok'] === true ? 0 : 1;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`\ndemo: ${interrupt.signal.aborted ? 'interrupted' : message}\n`);
    if (json) process.stdout.write(`${JSON.stringify({ ok: false, error: message })}\n`);
    return interrupt.signal.aborted ? 130 : 1;
  } finally {
    await endProcesses();
    await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main(process.argv.slice(2));
