/** Components that import functions of their hosts with other types than those have. */
import { describe, expect, it } from 'vitest';
import { type ComponentHost, createWorker, loadModule } from '../../runtime/index.ts';
import { componentOf } from './tools.ts';

interface Imported {
  readonly from: string;
  readonly name: string;
  /** As the text format has the type of the function. */
  readonly type: string;
  /** Types before it, in the instance. */
  readonly before?: string;
}

/** A component that imports a function, and calls nothing. */
const importing = async ({ from, name, type, before = '' }: Imported) =>
  loadModule(
    await componentOf(`(component
      (import "${from}" (instance $host ${before} (export "${name}" (func ${type}))))
      (core module $libc (memory (export "memory") 1) (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable))
      (core instance $libc (instantiate $libc))
      (core func $func (canon lower (func $host "${name}") (memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))))
      (core module $main (import "host" "func" (func)))
      (core instance (instantiate $main (with "host" (instance (export "func" (func $func)))))))`),
  );

const STREAMS = 'wasi:io/streams@0.2.3';
const SELF = '(export "output-stream" (type $stream (sub resource)))';

describe('a function of WASI 0.2', () => {
  it.each<[string, Imported]>([
    ['a record in place of a stream', { from: STREAMS, name: '[method]output-stream.write-zeroes', before: '(type $r (record (field "kind" string) (field "permit" u32))) (export "r" (type $forged (eq $r)))', type: '(param "self" $forged) (param "len" u64)' }],
    ['a text in place of a number', { from: 'wasi:random/random@0.2.0', name: 'get-random-bytes', type: '(param "len" string) (result (list u8))' }],
    ['another result', { from: 'wasi:random/random@0.2.0', name: 'get-random-u64', type: '(result s64)' }],
    ['no result', { from: 'wasi:random/random@0.2.0', name: 'get-random-u64', type: '' }],
    ['one more parameter', { from: 'wasi:random/random@0.2.0', name: 'get-random-u64', type: '(param "more" u8) (result u64)' }],
    ['a handle that is given away', { from: STREAMS, name: '[method]output-stream.subscribe', before: SELF, type: '(param "self" (own $stream))' }],
    ['a resource of another interface', { from: 'wasi:io/poll@0.2.0', name: '[method]pollable.ready', before: SELF.replace('output-stream', 'stranger'), type: '(param "self" (borrow $stream)) (result bool)' }],
  ])('with %s is refused', async (_, imported) => {
    const module = await importing(imported);
    await expect(createWorker(module, { wasi: {} })).rejects.toMatchObject({
      code: 'IMPORT_MISMATCH',
      message: expect.stringMatching(/^the component imports ".*" of "wasi:.*@0\.2" as func\(.*\).*; it must be \(/u) as unknown,
    });
  }); // prettier-ignore

  it('with its own type is there, whatever its parameters are called', async () => {
    for (const name of ['len', 'size']) {
      const type = `(param "${name}" u64) (result (list u8))`;
      const module = await importing({ from: 'wasi:random/random@0.2.0', name: 'get-random-bytes', type });
      for (let times = 0; times < 2; times++) await createWorker(module, { wasi: {} });
    }
  });
});

describe('a function of another host', () => {
  const from = 'example:host/things@1.0.0';
  const hostWith = (types?: ComponentHost['types']): ComponentHost => ({
    name: 'things',
    interfaces: { [from]: { put: () => undefined } },
    ...(types !== undefined && { types }),
    snapshot: () => null,
    restore: () => [],
    drop: () => undefined,
    close: () => undefined,
  });
  const module = () => importing({ from, name: 'put', type: '(param "it" u8)' });

  it.each([
    ['no types', undefined],
    ['none for it', { [from]: { get: '() -> u8' } }],
    ['the same', { [from]: { put: '(u8)' } }],
  ])('that says of types: %s', async (_, types) => {
    await createWorker(await module(), { componentHosts: [hostWith(types)] });
  });

  it('that says it is of another type', async () => {
    const componentHosts = [hostWith({ [from]: { put: '(u16)' } })];
    await expect(createWorker(await module(), { componentHosts })).rejects.toMatchObject({
      code: 'IMPORT_MISMATCH',
      message: `the component imports "put" of "${from}" as func(it: u8); it must be (u16)`,
    });
  });
});
