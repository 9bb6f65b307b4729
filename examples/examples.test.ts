import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { runInNewContext } from 'node:vm';
import { expect, test, vi } from 'vitest';
import {
  buildProject,
  declarationsOf,
  type GuestTestResult,
  loadProject,
  runGuestTests,
} from '../sdk/project/index.ts';
import { runBareCommand } from '../test/programs/run-bare.ts';

// Each example is a process that starts nodes, and two of them compile first.
vi.setConfig({ testTimeout: 180_000 });

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example as a person would. */
async function run(script: string): Promise<Ended> {
  const child = spawn(process.execPath, [pathOf(script)], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exit = once(child, 'exit');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [exitCode] = (await exit) as [number | null];
  return { exitCode, stdout, stderr };
}

const bare = (module: string, args: readonly string[]): ReturnType<typeof runBareCommand> =>
  runBareCommand('program', readFileSync(pathOf(module)), { args });

test('embed: two workers print together what an undisturbed program prints', async () => {
  const { exitCode, stdout, stderr } = await run('embed/embed.ts');
  expect(stderr).toMatch(/^stopped after 50 lines; then exited after 101\n$/);
  expect(stdout).toBe((await bare('pi/pi.wasm', ['4000'])).stdout);
  expect(exitCode).toBe(0);
});

test('metronome: a program that sleeps is moved to and fro while it waits', async () => {
  const { exitCode, stdout, stderr } = await run('metronome/move-while-waiting.ts');
  expect(stdout).toBe((await bare('metronome/metronome.wasm', ['4', '0'])).stdout);
  expect(stderr.match(/^waiting, moved to (?:south|north)/gm)?.length).toBeGreaterThanOrEqual(3);
  expect(exitCode).toBe(0);
});

test('fork: three workers go on from one state and come to the same end', async () => {
  const { exitCode, stdout, stderr } = await run('fork/fork.ts');
  expect(stdout).toBe((await bare('recursion/recursion.wasm', ['2000', '300', '500'])).stdout);
  expect(stderr.match(/^(?:first|second|third): \{"kind":"exited","code":0\}/gm)).toHaveLength(3);
  expect(exitCode).toBe(0);
});

test('fork: forks in one process come to the same end', async () => {
  const { exitCode, stdout, stderr } = await run('fork/in-process.ts');
  expect(stdout).toBe((await bare('recursion/recursion.wasm', ['2000', '300', '500'])).stdout);
  expect(stderr.match(/^exited after \d+ pieces of output$/gm)).toHaveLength(4);
  expect(exitCode).toBe(0);
});

test('sandbox: every way that a script can go is explored, each as if it had been gone alone', async () => {
  const { exitCode, stdout, stderr } = await run('sandbox/sandbox.ts');
  expect(stderr).toMatch(/^30 forks, 16 ends in \d+ ms\n$/);
  const lines = stdout.trimEnd().split('\n');
  const script = readFileSync(pathOf('sandbox/agent.js'), 'utf8');
  const alone = Array.from({ length: 16 }, (_, index) => {
    const answers = index.toString(2).padStart(4, '0').replaceAll('0', 'n').replaceAll('1', 'y');
    let asked = 0;
    const context = { decide: () => answers[asked++] === 'y' };
    const { way, plan } = JSON.parse(String(runInNewContext(script, context))) as { way: number; plan: string[] };
    return `${way.toFixed(2).padStart(6)}  ${answers}  ${plan.join(', ')}`;
  });
  expect(lines.toSorted()).toEqual(alone.toSorted());
  expect(lines.map((line) => line.slice(0, 6))).toEqual(lines.map((line) => line.slice(0, 6)).toSorted());
  expect(exitCode).toBe(0);
});

test('hello: a project is built, deployed and called by its types', async () => {
  const { exitCode, stdout, stderr } = await run('hello/hello.ts');
  expect(stderr).toBe('');
  expect(stdout).toBe('Hello, Ada!\nGuten Tag, Grace!\n[ "Ada", "Grace" ]\n'.replaceAll('"', "'"));
  expect(exitCode).toBe(0);
  const declared = declarationsOf((await buildProject(await loadProject(pathOf('hello')))).bundle.manifest);
  const example = readFileSync(pathOf('hello/hello.ts'), 'utf8').split('\n');
  expect(declared.split('\n').filter((line) => line.startsWith('  ') && !example.includes(line))).toEqual([]);
});

test('hello: its own tests pass', async () => {
  const results: GuestTestResult[] = [];
  for await (const result of runGuestTests(await loadProject(pathOf('hello')))) results.push(result);
  expect(results.map(({ name, failure }) => [name, failure])).toEqual([
    ['greetsInSeveralLanguages', undefined],
    ['remembersOnce', undefined],
  ]);
});

test('counter: no count is lost or counted twice over moves in the middle of calls', async () => {
  const { exitCode, stdout, stderr } = await run('counter/counter.ts');
  expect(stderr.match(/^counted \d+, moved to (?:south|north)$/gm)?.length).toBeGreaterThanOrEqual(4);
  expect(stdout).toBe('100 calls, 100 counted, every answer once\n');
  expect(exitCode).toBe(0);
});

test('guestbook: what was acknowledged is there once, after its node was killed', async () => {
  const { exitCode, stdout, stderr } = await run('guestbook/guestbook.ts');
  expect(stderr).toBe('killed after 15 acknowledged entries\n');
  expect(stdout).toBe('40 acknowledged, 40 in the book, each once\n');
  expect(exitCode).toBe(0);
});

test('sensors: every reading is counted once, while the summary is moved', async () => {
  const { exitCode, stdout, stderr } = await run('sensors/sensors.ts');
  expect(stderr).toMatch(/^the summary is on the server, after \d+ readings\n/);
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => line.split(',')[0]).sort()).toEqual([
    'cellar: 90 readings',
    'garden: 90 readings',
    'roof: 90 readings',
  ]);
  expect(lines).toContain('roof: 90 readings, -8.7 to 29.8, mean 10.33');
  expect(exitCode).toBe(0);
});

test('vanish: a computation comes to its end over machines that vanish', async () => {
  const { exitCode, stdout, stderr } = await run('vanish/vanish.ts');
  expect(stderr.match(/^machine [123] vanishes/gm)).toHaveLength(3);
  expect(stderr).toMatch(/^machine 4: \{"kind":"exited","code":0\}$/m);
  expect(stdout).toBe((await bare('pi/pi.wasm', ['16000'])).stdout);
  expect(exitCode).toBe(0);
});

test('the lines of the README are those of the example', () => {
  const readme = readFileSync(pathOf('../README.md'), 'utf8');
  const [, snippet = ''] = /```ts\n(.*?)\n```/s.exec(readme) ?? [];
  const lines = snippet.split('\n').filter((line) => line.trim() !== '');
  const example = readFileSync(pathOf('embed/embed.ts'), 'utf8').split('\n');
  expect(lines.length).toBeGreaterThanOrEqual(5);
  expect(lines.filter((line) => !example.includes(line))).toEqual([]);
});

test('every example but the demo has a test here', () => {
  const tests = readFileSync(pathOf('examples.test.ts'), 'utf8');
  const scripts = readdirSync(pathOf('.'), { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter(
      // What lies deeper is a guest's.
      (path) => /^(?!demo\/)[^/]+\/[^/]+\.ts$/.test(path) && !path.endsWith('.test.ts'),
    );
  expect(scripts).toContain('embed/embed.ts');
  expect(scripts.filter((path) => !tests.includes(`run('${path}')`))).toEqual([]);
});
