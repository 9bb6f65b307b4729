/** Real nodes on loopback for tests, and the programs that they run. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import initWabt from 'wabt';
import { type NodeOptions, type RunningNode, startNode } from '../../runtime/node/index.ts';
import { PluvioClient } from '../../sdk/client/index.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Runs after the test, last come first. */
export const afterTest = (close: () => Promise<unknown>): unknown => closers.push(close);

export interface OpenNode extends RunningNode {
  readonly client: PluvioClient;
}

/** A node that the test's end closes. */
export async function openNode(options: Partial<NodeOptions> = {}): Promise<OpenNode> {
  const node = await startNode({ listen: '127.0.0.1:0', ...options });
  closers.push(() => node.close());
  const token = options.token;
  return { ...node, client: new PluvioClient({ baseUrl: node.url, ...(token === undefined ? {} : { token }) }) };
}

/** A folder that the test's end removes. */
export async function openFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-node-'));
  closers.push(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

const root = new URL('../../', import.meta.url);

/** Prints digits of pi; its argument is their number. */
export const piModule = (): Promise<Uint8Array<ArrayBuffer>> => readBytes('examples/pi/pi.wasm');
/** Answers lines of standard input: `add N` gives a running total. */
export const answerModule = (): Promise<Uint8Array<ArrayBuffer>> => readBytes('test/programs/answer/answer.wasm');
/** Sleeps in steps; arguments: how many, how many milliseconds each. */
export const sleeperModule = (): Promise<Uint8Array<ArrayBuffer>> => readBytes('test/programs/sleeper/sleeper.wasm');

async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(new URL(path, root)));
}

/** A module with state and exports: `add` counts, `spin` never ends, `fail` traps, `floats` gives odd numbers. */
export const counterModule = (): Promise<Uint8Array<ArrayBuffer>> => assemble(COUNTER);

/**
 * `fill` fills 6 MiB with numbers that do not compress, `spin` works on the first 4 KiB for ever; `run` fills, works as often as it is told,
 * and gives a sum of all.
 */
export const largeModule = (): Promise<Uint8Array<ArrayBuffer>> => assemble(LARGE);

/** A module of its text. */
export async function assemble(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const parsed = (await initWabt()).parseWat('module.wat', text);
  return new Uint8Array(parsed.toBinary({}).buffer);
}

const LARGE = `(module
  (memory 96)
  (func $fill (export "fill") (result i32) (local $at i32) (local $x i32)
    (local.set $x (i32.const 1))
    (loop $fill
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
      (i32.store (local.get $at) (local.get $x))
      (br_if $fill (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 0x600000))))
    (local.get $x))
  (func $work (export "work") (param $rounds i32) (local $at i32)
    (loop $work
      (local.set $at (i32.and (i32.mul (local.get $rounds) (i32.const 4)) (i32.const 0xfff)))
      (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (local.get $rounds)))
      (br_if $work (local.tee $rounds (i32.sub (local.get $rounds) (i32.const 1))))))
  (func (export "spin") (loop $again (call $work (i32.const 1024)) (br $again)))
  (func (export "run") (param $rounds i32) (result i32) (local $at i32) (local $x i32)
    (local.set $x (call $fill))
    (call $work (local.get $rounds))
    (loop $sum
      (local.set $x (i32.add (i32.rotl (local.get $x) (i32.const 1)) (i32.load (local.get $at))))
      (br_if $sum (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 0x600000))))
    (local.get $x)))`;

const COUNTER = `(module
  (global $total (mut i64) (i64.const 40))
  (memory (export "memory") 1)
  (func (export "add") (param i64) (result i64)
    (global.set $total (i64.add (global.get $total) (local.get 0))) (global.get $total))
  (func (export "spin") (loop $l (br $l)))
  (func (export "fail") unreachable)
  (func (export "floats") (param f64) (result f64 f64) (local.get 0) (f64.const -0)))`;

/** Waits until the output of a worker contains a text; gives all of it up to there. */
export async function outputUntil(client: PluvioClient, worker: string, text: string): Promise<string> {
  const decoder = new TextDecoder();
  let output = '';
  for await (const { bytes } of client.workers.logs(worker, { follow: true })) {
    output += decoder.decode(bytes, { stream: true });
    if (output.includes(text)) return output;
  }
  throw new Error(`worker ${worker} ended without "${text}": ${output}`);
}

/** All that a worker has put out so far. */
export async function outputOf(client: PluvioClient, worker: string, follow = false): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const { bytes } of client.workers.logs(worker, { follow })) chunks.push(bytes);
  return Buffer.concat(chunks).toString('utf8');
}
