import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { assemble, type CliNode, openFolder, ROOT, runCli, startCli, startCliNode } from './testing/cli-process.ts';

const PI = join(ROOT, 'examples/pi/pi.wasm');
const ANSWER = join(ROOT, 'test/programs/answer/answer.wasm');
const ECHO = join(ROOT, 'test/programs/wasi/echo.wasm');
const FILES = join(ROOT, 'test/programs/wasi/files.wasm');

let first: CliNode;
let second: CliNode;
let folder: string;
const inFolder = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await openFolder();
  [first, second] = await Promise.all([
    startCliNode('--data', inFolder('data-1')),
    startCliNode('--data', inFolder('data-2'), '--name', 'second'),
  ]);
});

/** A command against the first node. */
const run = (...args: readonly string[]) => runCli(args, { env: { PLUVIO_NODE: first.url } });
const start = (...args: readonly string[]) => startCli(args, { env: { PLUVIO_NODE: first.url } });
const parsed = (text: string): Readonly<Record<string, unknown>> =>
  JSON.parse(text) as Readonly<Record<string, unknown>>;

test('the life of a worker on two nodes', async () => {
  const made = start('run', '--node', first.url, '--name', 'answer', '--stdin', '-o', 'json', ANSWER);
  await made.until('stdout', '}\n');
  expect(parsed(made.stdout)).toMatchObject({ name: 'answer', kind: 'command', outcome: null });
  const followed = start('logs', '-f', 'answer');
  made.child.stdin.write('add 5\n');
  await followed.until('stdout', 'total 5');

  expect(parsed((await run('stop', 'answer', '-o', 'json')).stdout)).toMatchObject({ status: 'stopped' });
  expect((await run('list')).stdout).toMatch(/^NAME +STATUS .*\nanswer +stopped /);
  expect((await run('list', '-q')).stdout).toBe('answer\n');
  expect((await run('get', 'answer')).stdout).toMatch(/^name +answer\nstatus +stopped\n/);
  const shown = (await run('get', 'answer', '--stack')).stdout;
  expect(shown).toMatch(
    /^status: stopped\nstack, innermost first:\n +0: wasi_snapshot_preview1\.\w+ \(function \d+\), host call\n/,
  );
  const { depth, frames } = parsed((await run('get', 'answer', '--stack', '-o', 'json')).stdout);
  expect(shown.split('\n').length).toBe(Number(depth) + 3);
  expect((frames as readonly unknown[])[0]).toMatchObject({ place: 'host call', fileOffset: null, pc: 0 });

  const moved = await run('move', 'answer', second.url);
  expect(moved.stdout).toMatch(/\nsent +\d.*\nskipped +\d.*\nsealed +to the target\ndowntime +\d/);
  expect(moved.stdout).toContain(second.url);
  expect((await run('list', '-q')).stdout).toBe('');
  const movedNote = `the worker has moved: following it to ${second.url}\n`;
  expect(await run('resume', 'answer')).toMatchObject({ exitCode: 0, stderr: movedNote });

  // The state of a moved worker comes from where it is.
  const drop = inFolder('answer.drop');
  const kept = await run('snapshot', 'answer', '-o', drop, '-o', 'json', '--progress');
  expect(kept.stderr).toMatch(/fetching .* \(100%\)/);
  expect(parsed(kept.stdout)).toMatchObject({ name: 'answer', hasSnapshot: true, file: drop });

  made.child.stdin.end('add 1\nquit\n');
  expect(await made.end()).toMatchObject({ exitCode: 0, stderr: movedNote });
  const whole = 'ready\ntotal 5\ntotal 6\n3 lines, total 6\n';
  expect(await followed.end()).toEqual({ exitCode: 0, stdout: whole, stderr: movedNote });
  const ended = await run('get', 'answer', '-o', 'json', '--node', second.url);
  expect(parsed(ended.stdout)).toMatchObject({ status: 'ended', outcome: { kind: 'exited', code: 0 } });
  expect((await run('logs', 'answer', '--stream', 'stdout')).stdout).toBe(whole);

  const input = { stdin: 'add 6\nquit\n' };
  const here = await runCli(['resume', drop], input);
  expect(here).toEqual({ exitCode: 0, stdout: 'total 11\n3 lines, total 11\n', stderr: '' });
  const there = await runCli(['resume', drop, '--node', first.url, '--name', 'again', '--stdin', '--logs'], input);
  expect(there).toMatchObject({ exitCode: 0, stdout: `ready\ntotal 5\n${here.stdout}` });

  expect((await run('delete', 'answer', 'again')).stdout).toBe('answer\nagain\n');
  expect((await run('list', '-o', 'json', '--node', second.url)).stdout).toBe('[]\n');
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('a file that is sealed to a node is taken up there, and shown nowhere', async () => {
  const made = start('run', '--node', first.url, '--name', 'sealed', '--stdin', '-o', 'json', ANSWER);
  await made.until('stdout', '}\n');
  const drop = inFolder('sealed.drop');
  const kept = await run('snapshot', 'sealed', '-o', drop, '--seal-to', second.url);
  const keyId = /is sealed to the key ([0-9a-f]{64}) of the node \S{43}\n/.exec(kept.stderr)?.[1];
  expect(await run('inspect', drop)).toEqual({ exitCode: 0, stdout: `sealed to the key ${keyId}\n`, stderr: '' });
  expect(parsed((await run('inspect', drop, '-o', 'json')).stdout)).toEqual({ file: drop, sealedTo: keyId });
  for (const [code, ...args] of [
    ['KEY_UNKNOWN', 'resume', drop],
    ['KEY_UNKNOWN', 'resume', drop, '--node', first.url],
    ['USAGE', 'resume', drop, '--node', second.url, '--env', 'A=1'],
    ['USAGE', 'inspect', drop, '--coredump', inFolder('none')],
    ['USAGE', 'snapshot', 'sealed', '--seal-to', second.url],
    ['KEY_INVALID', 'snapshot', 'sealed', '-o', inFolder('none'), '--seal-to', PI],
  ] as const) {
    expect((await run(...args)).stderr).toContain(`error[${code}]`);
  }
  const there = await runCli(['resume', drop, '--node', second.url, '--stdin', '--logs'], { stdin: 'add 2\nquit\n' });
  expect(there).toMatchObject({ exitCode: 0, stdout: 'ready\ntotal 2\n2 lines, total 2\n' });

  const [shown, key] = [inFolder('second.json'), inFolder('second.key')];
  const node = await (await fetch(`${second.url}/v1/node`)).text();
  await writeFile(shown, node);
  await writeFile(key, `${(JSON.parse(node) as { sealingKey: { publicKey: string } }).sealingKey.publicKey}\n`);
  for (const from of [shown, key]) {
    expect((await run('snapshot', 'sealed', '-o', drop, '--seal-to', from)).stderr).toContain(keyId);
  }
  // The key id that is told is that of the key, whatever the file says.
  await writeFile(shown, node.replace(/"keyId":"[^"]*"/, '"keyId":"another"'));
  expect((await run('snapshot', 'sealed', '-o', drop, '--seal-to', shown)).stderr).not.toContain('another');
  await writeFile(shown, node.replace(/"signature":"./, '"signature":"-'));
  expect((await run('snapshot', 'sealed', '-o', drop, '--seal-to', shown)).stderr).toContain('error[KEY_INVALID]');
  made.child.stdin.end('quit\n');
  expect((await made.end()).exitCode).toBe(0);
  await run('delete', 'sealed');
});

test('a program that computes goes on on a node', async () => {
  const drop = inFolder('pi.drop');
  const begun = await runCli(['run', '--fuel', '3000000', '--on-interrupt', drop, PI, '600']);
  const rest = await run('resume', drop, '--node', first.url, '--name', 'pi', '--fuel', '90000000000', '--logs');
  expect(rest.exitCode).toBe(0);
  expect(begun.stdout + rest.stdout).toBe((await runCli(['run', PI, '600'])).stdout);
  await run('delete', 'pi');
});

describe('run on a node', () => {
  test('with --wait the exit code is that of the worker', async () => {
    const args = ['run', '--node', first.url, '--wait', '--env', 'A=1', '--stdin', '--logs', ECHO, '9', '-x'];
    const { exitCode, stdout, stderr } = await runCli(args, { stdin: 'text\n' });
    expect(stdout).toContain('arg 1 9\narg 2 -x\nenv A=1\nline 1 text\n');
    expect({ exitCode, stderr }).toEqual({ exitCode: 9, stderr: 'at end: 1\n' });
    await run('delete', 'echo');
  });

  test('a copy of a directory goes with it', async () => {
    const root = await openFolder();
    await writeFile(join(root, 'a.txt'), 'in the way');
    const args = ['run', '--node', first.url, '--copy-dir', `${root}::/`, '--progress', '--logs', FILES];
    const { exitCode, stdout, stderr } = await runCli(args);
    expect(stderr).toMatch(/sending: .* \(100%\)\n/);
    expect(exitCode).toBe(0);
    expect(stdout).toBe((await runCli(['run', '--copy-dir', `${root}::/`, FILES])).stdout);
    await run('delete', 'files');
  });

  test('what a node cannot do is a mistake of usage', async () => {
    const { exitCode, stderr } = await run('run', '--node', first.url, '--dir', '.', PI);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('error[USAGE]: --dir cannot be used with --node\nhint: ');
  });
});

test('functions of a worker, a second worker in its state, and events', async () => {
  const module = inFolder('counter.wasm');
  await writeFile(module, await assemble(COUNTER));
  await run('run', '--node', first.url, '--name', 'counter', module);
  expect((await run('call', 'counter', 'add', '5n')).stdout).toBe('5\n');
  expect((await run('fork', 'counter', 'twin')).stdout).toBe('twin  idle\n');
  expect((await run('call', 'counter', 'add', '-2n')).stdout).toBe('3\n');
  const json = await run('call', 'twin', 'add', '4n', '-o', 'json');
  expect(parsed(json.stdout)).toEqual({ kind: 'returned', values: ['9'] });
  const trapped = await run('call', 'twin', 'fail');
  expect(trapped).toMatchObject({ exitCode: 134, stdout: '' });
  expect(trapped.stderr).toMatch(/^error\[TRAPPED\]: "fail" of worker "twin" trapped: unreachable/);

  const events = await run('events', '--after', '0', '--worker', 'counter', '--count', '2', '-o', 'json');
  expect(
    events.stdout
      .trim()
      .split('\n')
      .map((line) => parsed(line)['kind']),
  ).toEqual(['created', 'started']);
  await run('delete', 'counter', 'twin');
});

test('the history of a worker, and the way back', async () => {
  const module = inFolder('counter.wasm');
  await writeFile(module, await assemble(COUNTER));
  await run('run', '--node', first.url, '--name', 'past', module);
  await run('call', 'past', 'add', '5n');
  const kept = await run('checkpoint', 'past', '--pin');
  expect(kept).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^\d+\n$/) as unknown, stderr: '' });
  const id = Number(kept.stdout); // the node keeps idle workers by itself, too
  expect((await run('call', 'past', 'add', '5n')).stdout).toBe('10\n');
  expect((await run('history', 'past')).stdout).toMatch(
    new RegExp(`^ID +TAKEN .*PINNED\\n(?:.*\\n)*${id} +\\d{4}-.* yes\\n`),
  );
  const listed = JSON.parse((await run('history', 'past', '--unpin', `${id}`, '-o', 'json')).stdout) as unknown;
  expect(listed).toContainEqual(expect.objectContaining({ id, pinned: false, resumable: false }));
  expect(await run('revert', 'past', `${id}`)).toMatchObject({ exitCode: 0, stdout: 'past  idle\n' });
  expect((await run('call', 'past', 'add', '1n')).stdout).toBe('6\n');
  expect(await run('revert', 'past', 'first')).toMatchObject({ exitCode: 2 });
  const missing = await run('revert', 'past', '99');
  expect(missing).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('CHECKPOINT_NOT_FOUND') as unknown });
  await run('delete', 'past');
});

test('a node is emptied', async () => {
  const third = await startCliNode();
  await run('run', '--node', third.url, '--name', 'leaver', PI, '100000');
  const drained = await run('drain', '--node', third.url, '--to', first.url);
  expect(drained).toEqual({ exitCode: 0, stdout: 'moved 1, kept 0, failed 0\n', stderr: '' });
  expect((await run('list', '-q')).stdout).toBe('leaver\n');
  const refused = await run('run', '--node', third.url, '--name', 'late', PI, '5');
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('NODE_DRAINING') as unknown });
  expect(await run('drain', '--node', third.url, '--end')).toMatchObject({ exitCode: 0 });
  await run('delete', 'leaver');
});

test('a worker is given another version, and the one before', async () => {
  const module = inFolder('counter.wasm');
  const bundle = inFolder('counter.drop');
  await writeFile(module, await assemble(COUNTER));
  await run('run', '--node', first.url, '--name', 'shop', module);
  await run('call', 'shop', 'add', '5n');
  await run('snapshot', 'shop', '-o', bundle);
  expect((await run('update', 'shop', bundle, '--keep')).stdout).toBe('shop  idle  state kept\n');
  expect((await run('call', 'shop', 'add', '1n')).stdout).toBe('6\n');
  expect((await run('rollback', 'shop', '-o', 'json')).stdout).toContain('"state": "kept"');
  const none = await run('rollback', 'shop');
  expect(none).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('VERSION_NOT_FOUND') as unknown });
  await run('delete', 'shop');
});

const COUNTER = `(module
  (global $total (mut i64) (i64.const 0))
  (func (export "add") (param i64) (result i64)
    (global.set $total (i64.add (global.get $total) (local.get 0))) (global.get $total))
  (func (export "fail") unreachable))`;

describe('access', () => {
  test('a node with a token, and a worker that is followed to it', async () => {
    const token = inFolder('token');
    await writeFile(token, 'a-token-of-some-length\n');
    const guarded = await startCliNode('--token-file', token);
    expect(await run('list', '--node', guarded.url)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('error[UNAUTHENTICATED]') as unknown,
    });
    const made = start('run', '--node', first.url, '--name', 'guarded', '--stdin', ANSWER);
    await made.until('stdout', 'guarded');
    expect((await run('move', 'guarded', guarded.url, '--target-token-file', token)).exitCode).toBe(0);
    expect((await run('get', 'guarded')).stderr).toContain('error[UNAUTHENTICATED]');
    expect((await run('get', 'guarded', '--token-file', `${guarded.url}=${token}`)).exitCode).toBe(0);
    const env = { PLUVIO_NODE: guarded.url, PLUVIO_TOKEN: (await readFile(token, 'utf8')).trim() };
    expect((await runCli(['delete', 'guarded'], { env })).exitCode).toBe(0);
    guarded.cli.signal('SIGTERM');
    expect((await guarded.cli.end()).exitCode).toBe(0);
  });

  test('a node that is not there', async () => {
    const { exitCode, stderr } = await runCli(['list', '--node', 'http://127.0.0.1:9']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^error\[NODE_UNREACHABLE\]: .*\nhint: start a node with/);
  });

  test('a port that is in use', async () => {
    const { host } = new URL(first.url);
    const { exitCode, stderr } = await runCli(['node', '--listen', host]);
    expect(exitCode).toBe(1);
    expect(stderr).toBe(
      `error[LISTEN_REFUSED]: cannot listen on ${host}: another program listens there\nhint: end what listens there, or choose another address: --listen for the node, --ingress for requests by routes\n`,
    );
  });

  test('other than loopback needs a token', async () => {
    const { exitCode, stderr } = await runCli(['node', '--listen', '0.0.0.0:0']);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('error[LISTEN_REFUSED]');
  });
});

test('a node that is asked to end keeps its workers', async () => {
  const data = inFolder('data-3');
  const before = await startCliNode('--data', data);
  const made = startCli(['run', '--node', before.url, '--name', 'kept', '--stdin', '--logs', ANSWER]);
  made.child.stdin.write('add 4\n');
  await made.until('stdout', 'total 4');
  before.cli.signal('SIGTERM');
  const { exitCode, stderr } = await before.cli.end();
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/^node ".*" listens on http:\S+\nnode ".*" is closing\n$/);
  const after = await startCliNode('--data', data);
  const rest = await runCli(['resume', 'kept', '--stdin', '--logs', '--node', after.url], { stdin: 'quit\n' });
  expect(rest).toMatchObject({ exitCode: 0, stdout: 'ready\ntotal 4\n2 lines, total 4\n' });
});
