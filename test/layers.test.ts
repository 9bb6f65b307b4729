import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What each layer may import besides itself, and whether it runs on any platform: a page loads it as it is, so it imports no package. */
const ALLOWED: Readonly<Record<string, { readonly from: readonly string[]; readonly anyPlatform: boolean }>> = {
  'runtime/errors': { from: [], anyPlatform: true },
  'runtime/limits': { from: ['errors'], anyPlatform: true },
  'runtime/values': { from: ['errors'], anyPlatform: true },
  'runtime/wasm': { from: ['errors'], anyPlatform: true },
  'runtime/component': { from: ['errors', 'wasm'], anyPlatform: true },
  'runtime/instrument': { from: ['errors', 'wasm'], anyPlatform: true },
  'runtime/engine': { from: ['errors', 'limits', 'wasm', 'component', 'instrument'], anyPlatform: true },
  'runtime/host': {
    from: ['errors', 'limits', 'values', 'wasm', 'component', 'instrument', 'engine'],
    anyPlatform: true,
  },
  'runtime/bundle': { from: ['errors', 'limits', 'values', 'wasm', 'engine'], anyPlatform: true },
  'runtime/node': {
    from: ['errors', 'limits', 'values', 'wasm', 'component', 'instrument', 'engine', 'host', 'bundle'],
    anyPlatform: false,
  },
  'runtime/browser': { from: ['errors', 'wasm', 'instrument', 'engine', 'host', 'bundle'], anyPlatform: true },
  'runtime/cluster': { from: ['errors', 'bundle'], anyPlatform: false },
  'runtime/index.ts': { from: ['errors', 'engine', 'host'], anyPlatform: true },
  'sdk/client': { from: ['errors', 'values'], anyPlatform: true },
  'sdk/project': {
    from: [
      'errors',
      'limits',
      'values',
      'wasm',
      'component',
      'engine',
      'host',
      'bundle',
      'node',
      'index.ts',
      'sdk/client',
    ],
    anyPlatform: false,
  },
  'sdk/cli': {
    from: [
      'errors',
      'limits',
      'values',
      'wasm',
      'component',
      'instrument',
      'engine',
      'host',
      'bundle',
      'node',
      'cluster',
      'index.ts',
      'sdk/client',
      'sdk/project',
    ],
    anyPlatform: false,
  },
  modules: { from: ['sdk/client', 'sdk/assembly'], anyPlatform: false },
};

const IMPORT =
  /^\s*(?:import|export)\s(?:(?<clause>[^'";]*?)\bfrom\s*)?['"](?<from>[^'"]+)['"]|\bimport\(\s*['"](?<lazy>[^'"]+)['"]/gm;
const layerOf = (path: string): string =>
  Object.keys(ALLOWED).find((layer) => path === layer || path.startsWith(`${layer}/`)) ?? path;

function faultsOf(path: string): string[] {
  const layer = layerOf(path);
  const rule = ALLOWED[layer];
  if (rule === undefined) return [`${path}: belongs to no layer of the table`];
  return [...readFileSync(join(ROOT, path), 'utf8').matchAll(IMPORT)].flatMap(({ groups = {} }) => {
    const specifier = groups['from'] ?? groups['lazy'] ?? '';
    if (!specifier.startsWith('.')) return rule.anyPlatform ? [`${path}: imports ${specifier}`] : [];
    if (layer === 'sdk/client' && groups['clause']?.trimStart().startsWith('type ') === true) return [];
    const target = layerOf(relative(ROOT, join(ROOT, dirname(path), specifier)).replaceAll(sep, '/'));
    return target === layer || rule.from.includes(target.replace('runtime/', ''))
      ? []
      : [`${path}: ${layer} may not import ${specifier}`];
  });
}

const sources = ['runtime', 'sdk', 'modules']
  .flatMap((dir) => readdirSync(join(ROOT, dir), { recursive: true, encoding: 'utf8' }).map((name) => join(dir, name)))
  .map((path) => path.replaceAll(sep, '/'))
  .filter(
    (path) =>
      path.endsWith('.ts') &&
      !/\.(?:test|fixture)\.ts$|\/testing\//.test(path) &&
      !/^sdk\/(?:templates|assembly)\//.test(path),
  );

/** Within the host layer: both WASIs stand on `system` and `files`, and neither knows the other. */
const APART = ['runtime/host/wasi/', 'runtime/host/wasi2/'];
const BELOW = ['runtime/host/system/', 'runtime/host/files/'];

function importsApart(path: string): string[] {
  const isBelow = BELOW.some((each) => path.startsWith(each));
  const isApart = APART.some((each) => path.startsWith(each));
  if (!isBelow && !isApart) return [];
  const forbidden = APART.filter((each) => !path.startsWith(each));
  return [...readFileSync(join(ROOT, path), 'utf8').matchAll(IMPORT)].flatMap(({ groups = {} }) => {
    const target = relative(ROOT, join(ROOT, dirname(path), groups['from'] ?? '')).replaceAll(sep, '/');
    return forbidden.some((each) => target.startsWith(each)) ? [`${path}: imports ${target}`] : [];
  });
}

test('WASI 0.1 and 0.2 are apart', () => {
  expect(sources.some((path) => path.startsWith(APART[1] ?? ''))).toBe(true);
  expect(sources.flatMap(importsApart)).toEqual([]);
});

test('imports point down the layers only', () => {
  expect(sources).toContain('runtime/errors/index.ts');
  expect(sources.flatMap(faultsOf)).toEqual([]);
});
