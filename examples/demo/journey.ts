/** A program's way between the nodes, from its start to its end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import type { MoveResult } from '../../sdk/client/index.ts';
import type { DemoNode, Result } from './child-processes.ts';
import { formatBytes, formatMs, formatPercent } from './format.ts';
import { Progress } from './progress.ts';
import type { DemoProgram } from './programs.ts';
import type { Timeline } from './timeline.ts';
import { readWorkerFile } from './worker-file.ts';

/** A move is asked for when this part of the output is there: to the second node and back, twice. */
const MOVE_AT = [0.08, 0.2, 0.32, 0.44] as const;
/** On a machine so busy that a program ends before its last moves, there and back is enough. */
const MOVES_MIN = 2;
const POLL_MS = 20;

export interface DemoMove {
  readonly from: string;
  readonly to: string;
  /** The part of the output that was there when the move was asked for. */
  readonly at: number;
  readonly result: MoveResult;
}

export interface Journey extends Result {
  readonly moves: readonly DemoMove[];
}

/** Runs a program on the first node and moves it to the second and back while it computes, twice. */
export async function travel(
  program: DemoProgram,
  nodes: readonly [DemoNode, DemoNode],
  timeline: Timeline,
): Promise<Journey> {
  const { name, args, stdin, file } = program;
  const { workers } = nodes[0].client; // it follows a worker that has moved
  const module = await readFile(program.module);
  await workers.create({ name, module, args, stdin: stdin === undefined ? 'closed' : 'open' });
  if (stdin !== undefined) await workers.sendStdin(name, stdin);
  timeline.state(name, `on ${nodes[0].name}`);
  timeline.event(`started on ${nodes[0].name}: ${program.about}`, name);

  const progress = new Progress(program.lines);
  const moving = moveAbout(program, nodes, timeline, progress);
  const reading = (async () => {
    for await (const { stream, bytes } of workers.logs(name, { follow: true })) {
      if (stream === 'stdout') progress.add(bytes);
      timeline.progress(name, progress.fraction, progress.node);
    }
    progress.end();
  })();
  const finishing = (async () => {
    const moves = await moving;
    if (file === undefined) return { moves };
    // The program has read all its input and waits for more: everything is in its file.
    await progress.reach(1);
    while ((await workers.get(name)).status !== 'waiting') await sleep(POLL_MS);
    const bytes = await readWorkerFile(nodes[0].client, name, file);
    await workers.sendStdin(name, '', { end: true });
    return { moves, file: bytes };
  })();
  const [ended] = await Promise.all([finishing, reading]);
  const outcome = await workers.waitOutcome(name);
  timeline.state(name, 'ended');
  const exitCode = outcome?.kind === 'exited' ? outcome.code : -1;
  const how = outcome?.kind === 'exited' ? `exit code ${exitCode}` : JSON.stringify(outcome);
  timeline.event(`ended on ${nodes[progress.node]?.name}: ${how}`, name);
  return { exitCode, stdout: progress.stdout, ...ended };
}

async function moveAbout(
  { name }: DemoProgram,
  nodes: readonly [DemoNode, DemoNode],
  timeline: Timeline,
  progress: Progress,
): Promise<readonly DemoMove[]> {
  const moves: DemoMove[] = [];
  for (const at of MOVE_AT) {
    await progress.reach(at);
    const [from, to] = progress.node === 0 ? nodes : [nodes[1], nodes[0]];
    const begun = progress.fraction;
    timeline.state(name, `${from.name} → ${to.name}`);
    const result = await from.client.workers.move(name, { target: to.url }).catch(async (error: unknown) => {
      const { status } = await from.client.workers.get(name);
      if (status !== 'ended' || moves.length < MOVES_MIN) throw error;
    });
    if (!result) break;
    progress.node = progress.node === 0 ? 1 : 0;
    moves.push({ from: from.name, to: to.name, at: begun, result });
    timeline.state(name, `on ${to.name}, ${moves.length} moves`);
    timeline.event(`${from.name} → ${to.name} ${describe(begun, result)}`, name);
  }
  return moves;
}

function describe(at: number, { bytesSent, bytesSkipped, downtimeMs, pausedMs }: MoveResult): string {
  const ahead = pausedMs > 0 ? `, and ${formatMs(pausedMs)} for a copy ahead` : '';
  return (
    `at ${formatPercent(at).padStart(4)}: sent ${formatBytes(bytesSent)}, skipped ${formatBytes(bytesSkipped)}, ` +
    `stood still ${formatMs(downtimeMs)}${ahead}`
  );
}
