/** States of components as earlier versions have written them (test/vectors/component): they must stay readable. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { decodePlain, encodePlain } from '../../runtime/engine/messagepack.ts';
import { createWorker, loadModule, restoreWorker } from '../../runtime/index.ts';
import { HandComponent, textOf } from '../wasi2/hand-component.ts';
import { FILES } from '../wasi2/open-everything.ts';

const vector = async (name: string): Promise<Uint8Array<ArrayBuffer>> =>
  new Uint8Array(await readFile(new URL(`../vectors/component/${name}`, import.meta.url)));

const imports = { 'example:host/words@1.0.0': { greeting: () => 'Hello to ' } };

describe('a component', () => {
  it.each(['called-1', 'waiting-1', 'answering-1'])('goes on: %s', async (name) => {
    const module = await loadModule(await vector('greeter.wasm'));
    const worker = await restoreWorker(module, await vector(`${name}.bin`), { imports });
    expect(await worker.resume()).toEqual({ kind: 'returned', values: ['Hello to Ada'] });
    expect(await worker.call('count')).toEqual({ kind: 'returned', values: [1] });
  });

  it('goes on in its clean-up, where it may call nothing: cleaning-2', async () => {
    const module = await loadModule(await vector('leaver.wasm'));
    const options = { imports: { 'example:host/words@1.0.0': { out: () => undefined } } };
    const worker = await restoreWorker(module, await vector('cleaning-2.bin'), options);
    expect(await worker.resume()).toMatchObject({
      kind: 'trapped',
      code: 'canonical-abi',
      message: 'the component calls out after it has returned',
    });
  });

  it('is fused to the same module', async () => {
    const module = await loadModule(await vector('greeter.wasm'));
    const worker = await createWorker(module, { imports });
    expect(await worker.call('greet', ['Ada'])).toEqual({ kind: 'returned', values: ['Hello to Ada'] });
  });
});

describe('a WASI 0.2 host', () => {
  it('takes up everything that was open', async () => {
    const state = decodePlain(await vector('wasi-0.2-1.bin'));
    const component = new HandComponent({
      files: FILES,
      clock: { realtimeNs: () => 1_700_000_000_000n * 1_000_000n, monotonicNs: () => 0n },
    });
    const resources = component.host.restore(state);
    const [root, file, input, , entries, stdin, , fields] = resources;
    const read = (stream: unknown): string =>
      textOf(component.ok('io/streams', '[method]input-stream.read', stream, 100n));
    expect([read(input), read(stdin)]).toEqual(['itten', 'two']);
    expect(component.ok('filesystem/types', '[method]directory-entry-stream.read-directory-entry', entries)).toEqual({
      type: 'directory',
      name: 'd',
    });
    expect(component.ok('filesystem/types', '[method]descriptor.stat', file)).toMatchObject({ size: 7n });
    expect(component.call('http/types', '[method]fields.entries', fields)).toEqual([
      ['a', new TextEncoder().encode('b')],
    ]);
    expect(component.call('cli/environment', 'get-arguments')).toEqual(['prog', 'x']);
    expect(root?.resource).toBe('wasi:filesystem/types@0.2/descriptor');
  });

  it('writes what it has taken up as it was', async () => {
    const bytes = await vector('wasi-0.2-1.bin');
    const component = new HandComponent({ files: FILES });
    const resources = component.host.restore(decodePlain(bytes));
    expect(encodePlain(component.host.snapshot(resources), 'state')).toEqual(bytes);
  });
});
