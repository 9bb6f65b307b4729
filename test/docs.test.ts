import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BUNDLE_ARTIFACT_TYPE } from '../runtime/bundle/index.ts';
import { SNAPSHOT_VERSIONS } from '../runtime/engine/snapshot.ts';
import { ERROR_CODES } from '../runtime/errors/index.ts';
import { ABI_MODULE } from '../runtime/host/abi/index.ts';
import { SETTINGS } from '../runtime/node/config/settings-table.ts';
import { MIGRATIONS } from '../runtime/node/store/schema.ts';
import { DERIVED } from '../scripts/write-docs.ts';
import { loadCommands } from '../sdk/cli/command-table.ts';
import { TEMPLATES } from '../sdk/project/template-table.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const PAGES = ['README.md', 'ARCHITECTURE.md', 'RATIONALE.md', 'BENCHMARKS.md'].concat(
  readdirSync(new URL('../docs/', import.meta.url))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
);

it.each(Object.entries(DERIVED))('%s is what its tables give', (path, write) => {
  expect(read(path)).toBe(write());
});

/** Pages that a person follows by hand. */
const GUIDES = [...PAGES, ...Object.keys(TEMPLATES).map((template) => `sdk/templates/${template}/README.md`)];

it.each(PAGES)('%s leads to pages that are there', (page) => {
  const text = read(page).replaceAll(/`[^`\n]*`/g, '');
  const links = [...text.matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link);
  expect(links.filter((link) => !existsSync(new URL(link, new URL(`../${page}`, import.meta.url))))).toEqual([]);
});

it('every page of docs/ is in its index', () => {
  const index = read('docs/README.md');
  const missing = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md').filter(
    (page) => !index.includes(`(${page.slice('docs/'.length)})`),
  );
  expect(missing).toEqual([]);
});

it.each(GUIDES)('%s shows commands with flags that they have', async (page) => {
  const rows = new Map((await loadCommands()).map((row) => [row.name, row]));
  const shown = [...read(page).matchAll(/^(?:\$ )?npx pluvio ([a-z]+)([^\n#&]*)/gm)];
  const unknown = shown.flatMap(([, name = '', rest = '']) => {
    if (name === 'help') return [];
    const row = rows.get(name);
    if (row === undefined) return [name];
    const flags = row.options.map(({ flags: text }) => text).join(' ');
    return [...rest.matchAll(/(?<= )--[a-z-]+/g)]
      .map(([flag]) => flag)
      .filter((flag) => !flags.includes(flag))
      .map((flag) => `${name} ${flag}`);
  });
  expect(unknown).toEqual([]);
});

it.each(GUIDES)('%s gives options of `pluvio run` before the program, which gets all that follows it', (page) => {
  const late = read(page).match(/pluvio run [^\s`-]\S* (?:[^\n`#]* )?--[a-z-]+/g);
  expect(late).toBeNull();
});

it.each(GUIDES)('%s says of what it sends with curl what it is', (page) => {
  const sent = [...read(page).matchAll(/^(?:\$ )?curl [^\n]* (?:-d|--data[a-z-]*) [^\n]*/gm)].map(([line]) => line);
  expect(sent.filter((line) => !/content-type: /i.test(line))).toEqual([]);
});

it('deploying.md names settings that there are', () => {
  const named = [...read('docs/deploying.md').matchAll(/`([a-z]+(?:\.[a-zA-Z]+)+)`/g)].map(([, name = '']) => name);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((name) => !name.endsWith('.json') && !Object.hasOwn(SETTINGS, name))).toEqual([]);
});

it('errors.md names commands, flags, settings, routes and codes that there are', async () => {
  const rows = await loadCommands();
  const flags = rows.flatMap(({ options }) => options.flatMap(({ flags: text }) => text.match(/--[a-z-]+/g) ?? []));
  const commands = rows.map(({ name }) => name);
  const page = read('docs/errors.md');
  const named = (pattern: RegExp): string[] => [...page.matchAll(pattern)].map(([, name = '']) => name);
  const found = {
    commands: named(/`pluvio ([a-z]+)/g).filter((name) => !commands.includes(name)),
    flags: named(/`(--[a-z-]+)/g).filter((flag) => !flags.includes(flag) && flag !== '--save-dev'),
    settings: named(/`([a-z]+\.[a-zA-Z]+)`/g).filter(
      (name) => !Object.hasOwn(SETTINGS, name) && !/^(?:build|details|pluvio|Worker)\./.test(name),
    ),
    pages: named(/(docs\/[a-z-]+\.(?:md|schema\.json))/g).filter(
      (path) => !existsSync(new URL(`../${path}`, import.meta.url)),
    ),
  };
  expect(found).toEqual({ commands: [], flags: [], settings: [], pages: [] });
});

/** Codes that this version does not give. */
const KEPT_CODES = ['HOST_FUNCTION_FAILED'];

it('every code of the table is given somewhere, but for those that are kept', () => {
  const sources = ['runtime', 'sdk']
    .flatMap((dir) =>
      readdirSync(new URL(`../${dir}/`, import.meta.url), { recursive: true, encoding: 'utf8' }).map(
        (path) => `${dir}/${path}`,
      ),
    )
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('runtime/errors/'))
    .map(read)
    .join('\n');
  const unused = Object.keys(ERROR_CODES).filter((code) => !sources.includes(`'${code}'`));
  expect(unused).toEqual(KEPT_CODES);
});

it('versioning.md has the versions of today', () => {
  const page = read('docs/versioning.md');
  const rowOf = (what: string): string => page.split('\n').find((line) => line.includes(`| ${what}`)) ?? '';
  const now = (what: string): string => rowOf(what).split('|')[2]?.trim() ?? '';
  expect(now('[snapshot format]')).toBe(`1 to ${Math.max(...SNAPSHOT_VERSIONS)}`);
  expect(BUNDLE_ARTIFACT_TYPE).toContain(`.v${now('[bundle format]')}+json`);
  expect(ABI_MODULE).toBe(`pluvio_v${now('[host ABI]')}`);
  expect(Number(now('data directory'))).toBe(MIGRATIONS.at(-1)?.version);
});
