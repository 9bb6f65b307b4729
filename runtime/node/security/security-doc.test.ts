import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { SETTING_ROWS } from '../config/index.ts';
import { TOKEN_LIMITS } from './token-claims.ts';
import { VERBS } from './verbs.ts';

const page = await readFile(new URL('../../../docs/security.md', import.meta.url), 'utf8');
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );

it('docs/security.md lists verbs and limits of tokens as they are', () => {
  expect(rows.filter(([name = '']) => Object.hasOwn(VERBS, name))).toEqual(Object.entries(VERBS));
  const limits = Object.entries(TOKEN_LIMITS).map(([name, { value, unit }]) => [name, String(value), unit]);
  expect(rows.filter(([name = '']) => Object.hasOwn(TOKEN_LIMITS, name))).toEqual(limits);
});

it('names settings that there are', () => {
  const names = new Set<string>(SETTING_ROWS.map(([name]) => name));
  const groups = new Set([...names].map((name) => name.split('.')[0]));
  const named = [...page.matchAll(/`([a-z][A-Za-z]*\.[a-zA-Z]+)(?:`|: )/g)].map((match) => match[1] ?? '');
  const settings = named.filter((name) => groups.has(name.split('.')[0]) && !name.startsWith('tenants.'));
  expect(settings.length).toBeGreaterThan(10);
  expect(settings.filter((name) => !names.has(name))).toEqual([]);
});
