/** Workers that are given another program and find what the one before has stored. */
import { expect, it, describe } from 'vitest';
import initWabt from 'wabt';
import { packBundle, writeDrop } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/codecs.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';
import { deploy, textOf } from './deploy.ts';
import { openFolder, openNode, type OpenNode } from './open-nodes.ts';
import { spawnNode } from './spawn-node.ts';

/** Keeps what it is given under one key, and counts in its memory how often; `version` is added to what it answers. */
const program = (version: string): string => `(module
  (import "pluvio_v1" "kv_set" (func $kv_set (param i32 i32 i32 i32) (result i32)))
  (import "pluvio_v1" "kv_get" (func $kv_get (param i32 i32) (result i32)))
  (import "pluvio_v1" "kv_begin" (func $kv_begin (result i32)))
  (import "pluvio_v1" "input_read" (func $input_read (param i32 i32 i32) (result i32)))
  (import "pluvio_v1" "result_read" (func $result_read (param i32 i32 i32) (result i32)))
  (import "pluvio_v1" "output_write" (func $output_write (param i32 i32) (result i32)))
  (import "pluvio_v1" "timer_set" (func $timer_set (param i32 i32 i64 i32 i32) (result i32)))
  (import "pluvio_v1" "timer_list" (func $timer_list (result i32)))
  (import "pluvio_v1" "sleep" (func $sleep (param i64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "key${version}")
  (global $puts (mut i32) (i32.const 48)) ;; a digit
  (func $put (export "put")
    (global.set $puts (i32.add (global.get $puts) (i32.const 1)))
    (drop (call $kv_set (i32.const 0) (i32.const 3) (i32.const 16)
      (call $input_read (i32.const 16) (i32.const 64) (i32.const 0)))))
  (func $answer (param $result i32)
    (drop (call $output_write (i32.const 16) (call $result_read (i32.const 16) (i32.const 256) (i32.const 0)))))
  (func (export "get")
    (call $answer (call $kv_get (i32.const 0) (i32.const 3)))
    (drop (call $output_write (i32.const 3) (i32.const 1))))
  (func (export "puts")
    (i32.store8 (i32.const 16) (global.get $puts))
    (drop (call $output_write (i32.const 16) (i32.const 1))))
  (func (export "remind") (drop (call $timer_set (i32.const 0) (i32.const 3) (i64.const 3600000) (i32.const 0) (i32.const 1))))
  (func (export "timers") (call $answer (call $timer_list)))
  (func (export "change-and-wait")
    (drop (call $kv_begin))
    (call $put)
    (drop (call $sleep (i64.const 3600000)))))`;

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

async function assemble(text: string): Promise<Uint8Array> {
  return new Uint8Array((await initWabt()).parseWat('module.wat', text).toBinary({}).buffer);
}

const CAPABILITIES = { kv: [], timers: [] };
const GRANTS = { all: CAPABILITIES, tenants: {} };

interface Case {
  readonly checkpoint: 'never' | 'each-call';
}

async function upload(client: PluvioClient, text: string, { checkpoint }: Case): Promise<string> {
  const manifest = { schemaVersion: 1 as const, name: 'store', capabilities: CAPABILITIES, checkpoint };
  const packed = await packBundle({ manifest, module: await assemble(text), files: new Map() }, nodeCodecs);
  const pieces: Uint8Array[] = [];
  for await (const piece of writeDrop(packed)) pieces.push(piece);
  return (await client.bundles.upload(Buffer.concat(pieces))).digest;
}

async function deployStore(client: PluvioClient, { checkpoint }: Case): Promise<void> {
  await deploy(client, await assemble(program('1')), { name: 'store', capabilities: CAPABILITIES, checkpoint });
}

const call = async ({ workers }: PluvioClient, name: string, text = ''): Promise<string> =>
  textOf(await workers.invoke('store', name, bytesOf(text)));

describe.each([{ checkpoint: 'never' }, { checkpoint: 'each-call' }] as const)('with $checkpoint', (policy) => {
  const open = (): Promise<OpenNode> => openNode({ grants: GRANTS });

  it('another program finds keys and timers, and new memory; the way back has both', async () => {
    const { client } = await open();
    await deployStore(client, policy);
    await call(client, 'put', 'apple');
    await call(client, 'remind');
    const timers = await call(client, 'timers');
    expect(timers).toContain('"id":"key"');

    const bundle = await upload(client, program('2'), policy);
    expect(await client.workers.update('store', { bundle, storage: true })).toMatchObject({ state: 'storage' });
    expect([await call(client, 'get'), await call(client, 'puts')]).toEqual(['apple2', '0']);
    expect(await call(client, 'timers')).toBe(timers);
    await call(client, 'put', 'pear');
    expect([await call(client, 'get'), await call(client, 'puts')]).toEqual(['pear2', '1']);

    expect(await client.workers.rollback('store')).toMatchObject({ state: 'restored' });
    expect([await call(client, 'get'), await call(client, 'puts')]).toEqual(['apple1', '1']);
  });

  it('a transaction that is open is rolled back, and its call ends', async () => {
    const { client } = await open();
    await deployStore(client, policy);
    await call(client, 'put', 'apple');
    const waiting = client.workers.invoke('store', 'change-and-wait', bytesOf('pear'), { key: 'one' });
    waiting.catch(() => undefined);
    await expect.poll(async () => (await client.workers.get('store')).status).toBe('waiting');
    const bundle = await upload(client, program('2'), policy);
    await client.workers.update('store', { bundle, storage: true });
    expect([await call(client, 'get'), await call(client, 'puts')]).toEqual(['apple2', '0']);
    await expect(client.workers.invoke('store', 'change-and-wait', bytesOf('pear'), { key: 'one' })).rejects.toThrow();
  });

  it('begins anew where the program before stored nothing', async () => {
    const { client } = await open();
    await deploy(client, await assemble('(module (func (export "f")))'), { name: 'store' });
    const bundle = await upload(client, program('2'), policy);
    expect(await client.workers.update('store', { bundle, storage: true })).toMatchObject({ state: 'anew' });
    await call(client, 'put', 'apple');
    expect(await call(client, 'get')).toBe('apple2');
  });
});

it('what was stored outlives the end of the node right after', async () => {
  const dataDir = await openFolder();
  const first = await spawnNode({ dataDir, grants: GRANTS });
  await deployStore(first.client, { checkpoint: 'each-call' });
  await call(first.client, 'put', 'apple');
  const bundle = await upload(first.client, program('2'), { checkpoint: 'each-call' });
  await first.client.workers.update('store', { bundle, storage: true });
  await first.kill();
  const { client } = await openNode({ dataDir, grants: GRANTS });
  expect(await call(client, 'get')).toBe('apple2');
});

it('a node that ends between the two writes of an update has the worker as it was; the update is made again', async () => {
  const dataDir = await openFolder();
  const policy = { checkpoint: 'each-call' } as const;
  const first = await spawnNode({ dataDir, grants: GRANTS, killAt: 'update-kept' });
  await deployStore(first.client, policy);
  await call(first.client, 'remind');
  await first.client.workers.invoke('store', 'put', bytesOf('apple'), { key: 'once' });
  const bundle = await upload(first.client, program('2'), policy);
  await expect(first.client.workers.update('store', { bundle, storage: true })).rejects.toThrow();
  await first.gone;

  const { client } = await openNode({ dataDir, grants: GRANTS });
  expect([await call(client, 'get'), await call(client, 'puts')]).toEqual(['apple1', '1']);
  expect((await client.workers.get('store')).versions).toEqual([]);
  expect((await client.workers.history('store')).filter(({ pinned }) => pinned)).toHaveLength(1); // the first write was made
  const timers = await call(client, 'timers');
  expect(timers.match(/"id":"key"/g)).toHaveLength(1);
  await client.workers.invoke('store', 'put', bytesOf('apple'), { key: 'once' }); // answered by the journal
  expect(await call(client, 'puts')).toBe('1');

  expect(await client.workers.update('store', { bundle, storage: true })).toMatchObject({ state: 'storage' });
  expect([await call(client, 'get'), await call(client, 'puts')]).toEqual(['apple2', '0']);
  expect(await call(client, 'timers')).toBe(timers);
  expect((await client.workers.get('store')).versions).toHaveLength(1);
  expect(await client.workers.rollback('store')).toMatchObject({ state: 'restored' });
  expect([await call(client, 'get'), await call(client, 'puts')]).toEqual(['apple1', '1']);
});
