import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { throughBytes } from '../../../test/wasi/hand-guest.ts';
import { bytesOf, HandComponent } from '../../../test/wasi2/hand-component.ts';
import { CLOCK, FILES, openEverything } from '../../../test/wasi2/open-everything.ts';
import { PluvioError } from '../../errors/index.ts';
import type { Resource } from '../component/component-host.ts';

type Path = readonly (string | number)[];

/** The state of a host that takes up a state; what it is refused with. */
function takenUp(state: unknown): { again: unknown } | PluvioError {
  const { host } = new HandComponent({ files: FILES, clock: CLOCK, maxOpenFiles: 32 });
  try {
    return { again: plain(host.snapshot(host.restore(state))) };
  } catch (error) {
    if (error instanceof PluvioError) return error;
    throw error;
  }
}

/** Data as it comes out of a snapshot. A number of 64 bits may come as a number, and what is null may be left out. */
function plain(data: unknown): unknown {
  const normal = (value: unknown): unknown => {
    if (typeof value === 'bigint' && value <= Number.MAX_SAFE_INTEGER) return Number(value);
    if (Array.isArray(value)) return value.map(normal);
    if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value ?? null;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, normal(each)]));
  };
  return normal(throughBytes(data));
}

/** Every place in plain data, maps and arrays too. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return [path];
  const inner = Array.isArray(value)
    ? value.flatMap((each, at) => pathsOf(each, [...path, at]))
    : Object.entries(value).flatMap(([name, each]) => pathsOf(each, [...path, name]));
  return [path, ...inner];
}

/** The same data with another value at that place. */
function replaced(data: unknown, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value;
  const entries = data as Record<string | number, unknown>; // a path leads through maps and arrays
  const inner = replaced(entries[first], rest, value);
  return Array.isArray(data)
    ? Object.assign([...(data as unknown[])], { [first]: inner })
    : { ...entries, [first]: inner };
}

const NUMBERS = [-1, 0, 1, 7, 0.5, NaN, 2 ** 40, Number.MAX_SAFE_INTEGER, -1n, 2n ** 63n, 2n ** 64n];
const OTHERS = [
  undefined,
  null,
  true,
  'strange',
  'a\0b',
  new Uint8Array([1, 2, 3]),
  [],
  [0],
  [0, 0, 0],
  {},
  { kind: 'stream' },
];
const STRANGE: readonly unknown[] = [...NUMBERS, ...OTHERS];

/**
 * Fields that do not come out as they went in: of others that name a resource, the order of resources follows; the identity of files
 * is this host's, which has none.
 */
const LOOSE = ['given', 'body', 'stream', 'future', 'id'];
const isLoose = (path: Path): boolean => LOOSE.some((name) => path.includes(name));

describe('a state', () => {
  const { component, resources } = openEverything();
  const [, file, , , , stdin] = resources;
  const ok = (of: string, name: string, ...args: readonly unknown[]): Resource =>
    component.ok(of, name, ...args) as Resource; // as WIT says, here and below
  const output = ok('filesystem/types', '[method]descriptor.write-via-stream', file, 0n);
  const full = ok('filesystem/types', '[method]descriptor.write-via-stream', file, 2n ** 52n);
  const failure = component.err('io/streams', '[method]output-stream.blocking-write-and-flush', full, bytesOf('x'));
  const more = [
    output,
    full,
    (failure as { readonly val: Resource }).val,
    component.resource('io/streams', '[method]input-stream.subscribe', stdin),
    component.resource('cli/stderr', 'get-stderr'),
  ];
  const state = throughBytes(component.host.snapshot([...resources, ...more]));

  it('comes out as it went in', () => {
    expect(takenUp(state)).toEqual({ again: plain(state) });
  });

  it.each(pathsOf(state).map((path) => ({ path, name: path.join('.') || 'all' })))(
    'with something strange in it is refused, or comes out as it went in: $name',
    ({ path }) => {
      const refusals: PluvioError[] = [];
      for (const value of STRANGE) {
        const damaged = replaced(state, path, value);
        const taken = takenUp(damaged);
        if (taken instanceof PluvioError) refusals.push(taken);
        else if (isLoose(path)) expect(takenUp(taken.again), String(value)).toEqual(taken);
        else expect(taken.again, String(value)).toEqual(plain(damaged));
      }
      for (const { code, message, details } of refusals) {
        expect(code).toMatch(/^SNAPSHOT_(MALFORMED|MISMATCH|VERSION)$/);
        expect(message).toMatch(/^field hosts\.wasi:0\.2/);
        if (code !== 'SNAPSHOT_VERSION') expect(message).toContain(`field ${String(details['field'])} `);
      }
      expect(refusals.length).toBeGreaterThan(STRANGE.length / 2);
    },
  );

  it('of more resources than the limit allows is refused', () => {
    const { host } = new HandComponent({ files: FILES, maxOpenFiles: 20 });
    expect(() => host.restore(state)).toThrow(/hosts\.wasi:0\.2\.given is an array of 21.*at most 20.*maxOpenFiles/u);
    const { host: smallest } = new HandComponent({ files: FILES, maxOpenFiles: 6 });
    expect(() => smallest.restore(state)).toThrow(/resources is an array of 21.*at most 18, three times/u);
    expect(new HandComponent({ files: FILES, maxOpenFiles: 21 }).host.restore(state)).toHaveLength(21);
  });

  it('of other files is refused', () => {
    const other = new HandComponent({ files: { ...FILES, more: 'x' } });
    expect(() => other.host.restore(state)).toThrow(expect.objectContaining({ code: 'SNAPSHOT_MISMATCH' }) as Error);
  });

  it('has the fields that its specification has', async () => {
    const page = await readFile(new URL('../../../docs/resume-contract.md', import.meta.url), 'utf8');
    const rows = page.slice(page.indexOf('The state `wasi:0.2`')).split('\n');
    const { resources: written, ...others } = state as { resources: { kind: string }[] };
    const rowOf = (name: string): string =>
      rows.find((row) => row.startsWith('|') && row.includes(`\`${name}\``)) ?? '';
    expect(Object.keys(others).filter((name) => rowOf(name) === '')).toEqual([]);
    const missing = written.flatMap(({ kind, ...fields }) =>
      Object.keys(fields).flatMap((name) => (rowOf(kind).includes(`\`${name}\``) ? [] : [`${kind}.${name}`])),
    );
    expect(missing).toEqual([]);
  });
});
