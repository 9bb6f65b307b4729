import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { smallBundle } from '../../test/arbitrary/bundle.ts';
import { parseTagged } from '../../test/vectors/tagged-json.ts';
import { LIMITS } from '../engine/limits.ts';
import type { WorkerManifest } from './bundle.ts';
import { checkpointPeriodMs } from './manifest-service.ts';
import { checkWorkerManifest, decodeWorkerManifest, encodeWorkerManifest, FIELD_NAMES } from './worker-manifest.ts';

const LEAST = { schemaVersion: 1, name: 'x' } as const;

describe('the manifest of a worker', () => {
  test('comes back as it was', () => {
    const { manifest } = smallBundle();
    expect(decodeWorkerManifest(encodeWorkerManifest(manifest))).toStrictEqual(manifest);
    expect(decodeWorkerManifest(encodeWorkerManifest(LEAST))).toStrictEqual(LEAST);
  });

  test('of the vector, with every field, is read and written', () => {
    const folder = new URL('../../test/vectors/manifest/', import.meta.url);
    const bytes = new Uint8Array(readFileSync(new URL('every-field.bin', folder)));
    const manifest = parseTagged(readFileSync(new URL('every-field.json', folder), 'utf8')) as WorkerManifest; // compared with what is read
    expect(decodeWorkerManifest(bytes)).toStrictEqual(manifest);
    expect(Buffer.compare(encodeWorkerManifest(manifest), bytes)).toBe(0);
    expect(Object.keys(manifest).sort()).toEqual(['schemaVersion', 'name', ...FIELD_NAMES].sort());
    expect(Object.keys(manifest.limits ?? {}).sort()).toEqual(Object.keys(LIMITS).sort());
  });

  test('says how a worker is called, placed and kept', () => {
    const manifest = checkWorkerManifest({
      ...LEAST,
      hostLimits: { storageBytes: 1024 },
      interface: {
        greet: { encoding: 'json', params: [{ name: 'who', type: 'Person', optional: true }], result: 'string' },
      },
      types: { Person: [{ name: 'name', type: 'string' }], Nothing: [] },
      service: { priority: 'batch', latencyMs: 86_400_000 },
      checkpoint: 'every 10s',
      hibernate: { afterMs: 0 },
      routes: [{ host: 'a.example', path: '/api/*', methods: ['GET', 'POST'], export: 'handle' }, { path: '/' }],
      config: { colour: 'blue' },
      secrets: ['API_KEY'],
    });
    expect(decodeWorkerManifest(encodeWorkerManifest(manifest))).toStrictEqual(manifest);
    expect(checkpointPeriodMs('every 10s')).toBe(10_000);
    expect(checkpointPeriodMs('each-call')).toBeUndefined();
  });

  test('has one encoding whatever the order of its keys', () => {
    const one = encodeWorkerManifest({ ...LEAST, env: { A: '1', B: '2' }, args: ['x'] });
    const other = encodeWorkerManifest({ args: ['x'], env: { B: '2', A: '1' }, name: 'x', schemaVersion: 1 });
    expect(other).toEqual(one);
    expect(new TextDecoder().decode(one)).toBe('{"schemaVersion":1,"name":"x","args":["x"],"env":{"A":"1","B":"2"}}');
  });

  test('takes fuel as a number or as text, and gives a bigint', () => {
    expect(checkWorkerManifest({ ...LEAST, limits: { fuel: 5 } }).limits).toEqual({ fuel: 5n });
    expect(checkWorkerManifest({ ...LEAST, limits: { fuel: '5' } }).limits).toEqual({ fuel: 5n });
    expect(new TextDecoder().decode(encodeWorkerManifest({ ...LEAST, limits: { fuel: 5n } }))).toContain('"fuel":"5"');
  });

  test.each(['a', 'a1', 'kv-store', '0', 'a'.repeat(63)])('%s is a name', (name) => {
    expect(checkWorkerManifest({ ...LEAST, name }).name).toBe(name);
  });

  test.each<[field: string, json: unknown]>([
    ['', null],
    ['', []],
    ['', { name: 'x' }],
    ['schemaVersion', { schemaVersion: 2, name: 'x' }],
    ['cmd', { ...LEAST, cmd: 'x' }],
    ...['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(64), 1].map((name): [string, unknown] => [
      'name',
      { ...LEAST, name },
    ]),
    ['types', { ...LEAST, types: Object.fromEntries(Array.from({ length: 257 }, (_, n) => [`T${n}`, []])) }],
    ['types.T', { ...LEAST, types: { T: Array.from({ length: 257 }, () => ({ name: 'x', type: 'i32' })) } }],
    ['types.T[0].optional', { ...LEAST, types: { T: [{ name: 'x', type: 'i32', optional: 1 }] } }],
    ['args', { ...LEAST, args: 'x' }],
    ['args', { ...LEAST, args: Array(4097).fill('x') }],
    ['args[1]', { ...LEAST, args: ['a', 1] }],
    ['args[0]', { ...LEAST, args: ['a\0b'] }],
    ['env.A', { ...LEAST, env: { A: 1 } }],
    ['env', { ...LEAST, env: { 'A=B': '1' } }],
    ['env', { ...LEAST, env: { '': '1' } }],
    ['env', { ...LEAST, env: JSON.parse('{"__proto__":"1"}') as unknown }],
    ['stdin', { ...LEAST, stdin: '/etc/passwd' }],
    ['files[0]', { ...LEAST, files: [{ path: '/a' }] }],
    ['files[0].path', { ...LEAST, files: [{ path: 'a', source: 'a' }] }],
    ['files[0].path', { ...LEAST, files: [{ path: '/a/../b', source: 'a' }] }],
    ['files[0].source', { ...LEAST, files: [{ path: '/a', source: '../a' }] }],
    ['files[0].writable', { ...LEAST, files: [{ path: '/a', source: 'a', writable: 1 }] }],
    ['files[0].mode', { ...LEAST, files: [{ path: '/a', source: 'a', mode: 1 }] }],
    ['interface.f.encoding', { ...LEAST, interface: { f: { encoding: 'xml' } } }],
    ['interface.f.params[0]', { ...LEAST, interface: { f: { encoding: 'json', params: [{ name: 'a' }] } } }],
    ['interface', { ...LEAST, interface: JSON.parse('{"__proto__":{"encoding":"json"}}') as unknown }],
    ['service.priority', { ...LEAST, service: { priority: 'high' } }],
    ['service.latencyMs', { ...LEAST, service: { latencyMs: 86_400_001 } }],
    ...['always', 'every 0s', 'every 10', 'every 1000000s', 1].map((checkpoint): [string, unknown] => [
      'checkpoint',
      { ...LEAST, checkpoint },
    ]),
    ['hibernate', { ...LEAST, hibernate: {} }],
    ['hibernate.afterMs', { ...LEAST, hibernate: { afterMs: -1 } }],
    ['routes[0].path', { ...LEAST, routes: [{ path: 'a' }] }],
    ['routes[0].path', { ...LEAST, routes: [{ path: '/a*b' }] }],
    ['routes[0].host', { ...LEAST, routes: [{ path: '/', host: 'Example.org:80' }] }],
    ['routes[0].methods[0]', { ...LEAST, routes: [{ path: '/', methods: ['get'] }] }],
    ['config.k', { ...LEAST, config: { k: 1 } }],
    ['secrets[0]', { ...LEAST, secrets: ['a b'] }],
    ['hostLimits.kv', { ...LEAST, hostLimits: { kv: -1 } }],
    ['limits.cpu', { ...LEAST, limits: { cpu: 1 } }],
    ['limits.memoryPages', { ...LEAST, limits: { memoryPages: LIMITS.memoryPages.max + 1 } }],
    ['limits.memoryPages', { ...LEAST, limits: { memoryPages: '1' } }],
    ['limits.fuel', { ...LEAST, limits: { fuel: '-1' } }],
    ['capabilities', { ...LEAST, capabilities: { Net: [] } }],
    ['capabilities.net', { ...LEAST, capabilities: { net: 'x' } }],
    ['annotations.a', { ...LEAST, annotations: { a: {} } }],
  ])('%s is checked: %j', (field, json) => {
    expect(() => checkWorkerManifest(json)).toThrow(
      expect.objectContaining({ code: 'BUNDLE_MANIFEST_INVALID', details: { field } }),
    );
  });
});
