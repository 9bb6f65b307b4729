import { beforeAll, describe, expect, it } from 'vitest';
import { packBundle } from '../../runtime/bundle/index.ts';
import { nodeCodecs } from '../../runtime/node/index.ts';
import { openNode, type OpenNode } from '../../test/node/open-nodes.ts';
import type { BuiltProject } from './build-project.ts';
import { buildSource, deployBuilt } from './testing/projects.ts';

const SOURCE = `
import { Shape } from './shapes';
export class Point { x: i32 = 0; readonly label: string = ''; next: Point | null = null; }
export function of_bool(v: bool): bool { return v; }
export function of_i8(v: i8): i8 { return v; }
export function of_i16(v: i16): i16 { return v; }
export function of_i32(v: i32): i32 { return v; }
export function of_i64(v: i64): i64 { return v; }
export function of_u8(v: u8): u8 { return v; }
export function of_u16(v: u16): u16 { return v; }
export function of_u32(v: u32): u32 { return v; }
export function of_u64(v: u64): u64 { return v; }
export function of_f32(v: f32): f32 { return v; }
export function of_f64(v: f64): f64 { return v; }
export function text(v: string): string { return v; }
export function maybe(v: string | null): string | null { return v; }
export function texts(v: Array<string>): Array<string> { return v; }
export function grid(v: Array<Array<i32>>): Array<Array<i32>> { return v; }
export function bytes(v: Uint8Array): Uint8Array { return v; }
export function clamped(v: Uint8ClampedArray): Uint8ClampedArray { return v; }
export function buffer(v: ArrayBuffer): ArrayBuffer { return v; }
export function floats(v: Float64Array): Float64Array { return v; }
export function wide(v: Int64Array): Int64Array { return v; }
export function point(v: Point): Point { return v; }
export function points(v: Array<Point | null>): Array<Point | null> { return v; }
export function shape(v: Shape): Shape { return v; }
export function nothing(): void {}
export function sum(a: i32, b: i32 = 10, c: i32 = 100): i32 { return a + b + c; }
export function churn(rounds: i32): i32 {
  let kept: string[] = [];
  for (let i = 0; i < rounds; i++) { kept.push(i.toString()); if (kept.length > 50) kept = []; }
  return rounds;
}
export function fail(): void { throw new Error('no'); }
export const ANSWER: i32 = 42;
`;
const SHAPES = `export class Base { id: u64 = 0; } export class Shape extends Base { sides: f64 = 0; get area(): f64 { return 1; } }`;

let node: OpenNode;
let built: BuiltProject;

beforeAll(async () => {
  built = await buildSource(SOURCE, {}, { 'assembly/shapes.ts': SHAPES });
});

const call = async (name: string, ...args: unknown[]): Promise<unknown> =>
  JSON.parse(new TextDecoder().decode(await node.client.workers.invoke('guest', name, JSON.stringify(args))));

const open = async (): Promise<void> => {
  node = await openNode();
  await deployBuilt(node.client, built);
};

/** As `open`, with a manifest that does not tell the types of parameters: only the guest knows them. */
async function openUntold(): Promise<void> {
  node = await openNode();
  const { manifest } = built.bundle;
  const exported = Object.entries(manifest.interface ?? {}).map(
    ([name, { encoding }]) => [name, { encoding }] as const,
  );
  const bundle = { ...built.bundle, manifest: { ...manifest, interface: Object.fromEntries(exported) } };
  await deployBuilt(node.client, { ...built, bundle, packed: await packBundle(bundle, nodeCodecs) });
}

const WIDE = 2n ** 63n;

describe('values of typed exports', () => {
  it('come back as they went', async () => {
    await open();
    const point = { x: -5, label: 'a "b"\n\u{1f327}\u0001', next: { x: 1, label: '', next: null } };
    const cases: [name: string, ...values: unknown[]][] = [
      ['of_bool', true, false],
      ['of_i8', -128, 127],
      ['of_i16', -32768, 32767],
      ['of_i32', -(2 ** 31), 0, 2 ** 31 - 1],
      ['of_i64', String(-WIDE), '0', String(WIDE - 1n)],
      ['of_u8', 0, 255],
      ['of_u16', 65535],
      ['of_u32', 2 ** 32 - 1],
      ['of_u64', String(2n * WIDE - 1n)],
      ['of_f32', 0.5, -1.25e10, 0.1, 'NaN'],
      ['of_f64', 0.1, 1e300, 5e-324, Number.MAX_VALUE, -7, 'NaN', 'Infinity', '-Infinity'],
      ['text', '', 'Grüße', '\u{1f327}', '\ud800', '"\\\b\f\n\r\t\u0000', 'x'.repeat(10_000)],
      ['maybe', null, 'x'],
      ['texts', [], ['a', '', 'b']],
      ['grid', [], [[]], [[1, 2], [], [3]]],
      ['bytes', '', 'AA==', 'AAE=', 'AAEC', '//79'],
      ['clamped', 'AAEC'],
      ['buffer', 'AAEC'],
      ['floats', [], [0.5, -1, 1e-7]],
      ['wide', [String(-WIDE), '7']],
      ['point', point],
      ['points', [null, point, null]],
      ['shape', { id: '12345678901234567890', sides: 3.5 }],
    ];
    for (const [name, ...values] of cases)
      for (const value of values) expect([name, await call(name, value)]).toEqual([name, value]);
  });

  it('are taken in other spellings of the same', async () => {
    await open();
    expect(await call('of_i64', 7)).toBe('7');
    expect(await call('of_f64', 1)).toBe(1);
    expect(await call('bytes', '__79')).toBe('//79');
    expect(await call('shape', { more: [1, { a: '}' }], sides: 3, id: 1 })).toEqual({ id: '1', sides: 3 });
    const deep = JSON.parse(`${'['.repeat(64)}${']'.repeat(64)}`) as unknown;
    expect(await call('point', { x: 1, label: 'l', deep })).toEqual({ x: 1, label: 'l', next: null });
    const body = ' [ { "x" : 1 ,\n"label":"\\u00e9\\/" , "next":null } ] ';
    expect(new TextDecoder().decode(await node.client.workers.invoke('guest', 'point', body))).toBe(
      '{"x":1,"label":"é/","next":null}',
    );
    expect(await call('of_f64', -0)).toBe(0);
  });

  it('of parameters with defaults may be left out, and nothing gives null', async () => {
    await open();
    expect(await call('sum', 1)).toBe(111);
    expect(await call('sum', 1, 2)).toBe(103);
    expect(await call('sum', 1, 2, 3)).toBe(6);
    expect(await call('nothing')).toBeNull();
    expect(new TextDecoder().decode(await node.client.workers.invoke('guest', 'nothing'))).toBe('null');
  });

  it.each<[name: string, body: string, told: string]>([
    ['of_i32', '[]', 'there is none for v'],
    ['of_i32', '', 'there is none for v'],
    ['of_i32', '[1, 2]', 'more arguments than parameters'],
    ['of_i32', '[1', "',' or ']'"],
    ['of_i32', '[1] x', 'its end'],
    ['of_i32', '[1.5]', 'argument v of of_i32: found 1.5] at byte 1; it must be an i32'],
    ['of_i32', '["1]', 'an i32'],
    ['of_i32', '[2147483648]', 'found 2147483648] at byte 1; it must be an i32'],
    ['of_i32', '["-3x"]', 'found "-3x"] at byte 1; it must be an i32'],
    ['of_u8', '[256]', 'a u8'],
    ['of_u8', '[-1]', 'a u8'],
    ['of_i64', '["9223372036854775808"]', 'an i64'],
    ['of_u64', '[18446744073709551616]', 'a u64'],
    ['of_bool', '[1]', 'true or false'],
    ['text', '[null]', 'a text'],
    ['text', '["\\x"]', 'an escape of JSON'],
    ['text', '["', 'a text with an end'],
    ['bytes', '[ "?"]', 'found "?"] at byte 2; it must be base64'],
    ['of_f64', '[01]', "',' or ']'"],
    ['of_f64', '["x"]', 'a number'],
    ['of_f64', '[-1.x]', 'found -1.x] at byte 1; it must be a number'],
    ['texts', '[["a",]]', 'a text'],
    ['point', '[{"x":1}]', 'member label of Point is missing'],
    ['point', '[{"x":1,"label":"l","next":{}}]', 'member x of Point is missing'],
    ['point', '[{"y":[}]', 'a number'],
    ['point', `[{"y":${'['.repeat(66)}`, 'nested at most 64 deep'],
    ['nothing', '{}', 'an array'],
  ])('%s of %s are refused by the guest, and the log says why', async (name, body, told) => {
    await openUntold();
    await expect(node.client.workers.invoke('guest', name, body)).rejects.toMatchObject({ code: 'CALL_FAILED' });
    let log = '';
    for await (const { bytes } of node.client.workers.logs('guest')) log += new TextDecoder().decode(bytes);
    expect(JSON.parse(log)).toMatchObject({ level: 'error', message: expect.stringContaining(told) as string });
  });

  it('are refused by the node before anything is called', async () => {
    await open();
    const cases: [name: string, body: string, told: string][] = [
      ['of_i32', '', '"of_i32" takes (v: i32); 0 arguments are given'],
      ['of_i32', '[1, 2]', '"of_i32" takes (v: i32); 2 arguments are given'],
      ['of_i32', '{}', 'the arguments of "of_i32" are an object; they must be an array'],
      ['of_i32', '[1.5]', 'argument v of "of_i32" is the number 1.5; it must be a whole number from -2147483648 to'],
      ['of_u8', '[256]', 'argument v of "of_u8" is the number 256; it must be a whole number from 0 to 255'],
      ['of_u64', '["18446744073709551616"]', 'argument v of "of_u64" is the text "18446744073709551616"; it must be'],
      ['of_bool', '[1]', 'argument v of "of_bool" is the number 1; it must be true or false'],
      ['text', '[null]', 'argument v of "text" is null; it must be a text'],
      ['bytes', '["?"]', 'argument v of "bytes" is the text "?"; it must be base64'],
      ['texts', '[["a", 5]]', 'argument v[1] of "texts" is the number 5; it must be a text'],
      ['point', '[{"x":1}]', 'argument v.label of "point" is missing; it must be a text'],
      [
        'point',
        '[{"x":1,"label":"l","next":{}}]',
        'argument v.next.x of "point" is missing; it must be a whole number',
      ],
      ['points', '[[null,{"x":1,"label":2}]]', 'argument v[1].label of "points" is the number 2; it must be a text'],
      ['shape', '[{"id":true,"sides":1}]', 'argument v.id of "shape" is true; it must be a whole number from 0 to'],
    ];
    for (const [name, body, told] of cases) {
      const refused = await fetch(`${node.url}/v1/workers/guest/call/${name}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      expect(refused.status).toBe(400);
      expect(await refused.json()).toMatchObject({
        code: 'INVALID_ARGUMENT',
        detail: expect.stringContaining(told) as string,
        details: { export: name },
      });
    }
    const notJson = node.client.workers.invoke('guest', 'of_i32', '[1');
    await expect(notJson).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    const logged: unknown[] = [];
    for await (const piece of node.client.workers.logs('guest')) logged.push(piece);
    expect(logged).toEqual([]);
    expect(await node.client.workers.get('guest')).toMatchObject({ fuelUsed: '0', outcome: null });
  });

  it('that are larger than a JSON body may be are left to the guest, as are digits of wide numbers', async () => {
    node = await openNode({ limits: { jsonBytes: 1024 } });
    await deployBuilt(node.client, built);
    const long = 'x'.repeat(2000);
    expect(await call('text', long)).toBe(long);
    const refused = node.client.workers.invoke('guest', 'texts', JSON.stringify([[long, 5]]));
    await expect(refused).rejects.toMatchObject({ code: 'CALL_FAILED' });
    expect(new TextDecoder().decode(await node.client.workers.invoke('guest', 'of_i64', '[9223372036854775807]'))).toBe(
      '"9223372036854775807"',
    );
  });

  it('are taken after many calls that failed', async () => {
    await openUntold();
    for (let round = 0; round < 600; round++) {
      await expect(node.client.workers.invoke('guest', round % 2 ? 'fail' : 'points', '[]')).rejects.toMatchObject({
        code: 'CALL_FAILED',
      });
    }
    expect(await call('points', [{ x: 1, label: 'l', next: null }])).toHaveLength(1);
    expect(await call('churn', 100_000)).toBe(100_000);
  });
});

describe('the interface of a build', () => {
  it('has every typed function, and the classes that they name', () => {
    const { interface: exported = {}, types } = built.bundle.manifest;
    expect(Object.keys(exported)).not.toContain('ANSWER');
    expect(exported['sum']).toEqual({
      encoding: 'json',
      params: [
        { name: 'a', type: 'i32' },
        { name: 'b', type: 'i32', optional: true },
        { name: 'c', type: 'i32', optional: true },
      ],
      result: 'i32',
    });
    expect(exported['points']?.result).toBe('Array<Point | null>');
    expect(exported['nothing']).toEqual({ encoding: 'json', params: [] });
    expect(types).toEqual({
      Point: [
        { name: 'x', type: 'i32' },
        { name: 'label', type: 'string' },
        { name: 'next', type: 'Point | null' },
      ],
      Shape: [
        { name: 'id', type: 'u64' },
        { name: 'sides', type: 'f64' },
      ],
    });
  });

  it.each<[what: string, source: string, told: string]>([
    ['a syntax error', 'export function f(: i32): i32 { return 1; }', 'assembly/index.ts(1,'],
    ['a type error', 'export function f(a: i32): string { return a; }', 'assembly/index.ts(1,'],
    ['an unknown type', 'export function f(a: Nope): void {}', 'Nope'],
    [
      'a map',
      'export function f(a: Map<string, i32>): void {}',
      'assembly/index.ts(1,19): cannot export parameter a of function f: its type is Map',
    ],
    ['a function', 'export function f(a: () => void): void {}', 'parameter a of function f'],
    ['a vector', 'export function f(a: v128): void {}', 'v128'],
    [
      'a class of its own',
      'class P { x: i32 = 0; } export function f(a: P): void {}',
      'assembly/index.ts(1,1): cannot export parameter a of function f: class P must be',
    ],
    [
      'a private field',
      'export class P { private x: i32 = 0; } export function f(a: P): void {}',
      'assembly/index.ts(1,18): cannot export field x of class P',
    ],
    ['a result', 'export function f(): Set<i32> { return new Set<i32>(); }', 'the result of function f'],
    ['any number of parameters', 'export function f(...a: i32[]): void {}', 'fixed number of parameters'],
    [
      'an input with parameters',
      'export function pluvio_input(a: i32): void {}',
      'cannot export function pluvio_input',
    ],
  ])('is not made of %s', async (_, source, told) => {
    await expect(buildSource(source)).rejects.toMatchObject({
      code: 'BUILD_FAILED',
      message: expect.stringContaining(told) as string,
    });
  });

  it('leaves exports alone that are said to be numbers or bytes', async () => {
    node = await openNode();
    const source = `
      import { input, output } from 'pluvio/assembly';
      export function add(a: i64, b: i64): i64 { return a + b; }
      export function echo(): void { output.write(input.bytes()); }
      export function pluvio_input(): void { output.text('got ' + input.text()); }`;
    await deployBuilt(
      node.client,
      await buildSource(source, { interface: { add: { encoding: 'core' }, echo: { encoding: 'bytes' } } }),
    );
    expect(await node.client.workers.call('guest', 'add', [2n, 3n])).toEqual({ kind: 'returned', values: [5n] });
    expect(new TextDecoder().decode(await node.client.workers.invoke('guest', 'echo', 'x'))).toBe('x');
    expect(new TextDecoder().decode(await node.client.workers.ask('guest', 'x'))).toBe('got x');
  });
});
