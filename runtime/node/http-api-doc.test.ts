import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { NODE_LIMITS } from './node-limits.ts';
import { type Route, ROUTES } from './route-table.ts';

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());

it('docs/http-api.md lists the operations and limits as they are', async () => {
  const page = await readFile(new URL('../../docs/http-api.md', import.meta.url), 'utf8');
  const rows = page
    .split('\n')
    .filter((line) => /^\| `/.test(line))
    .map(cellsOf);
  const operations = (Object.entries(ROUTES) as [string, Route][]).map(([id, { method, path, scope, summary }]) => [
    `\`${id}\``,
    `\`${method} ${path}\``,
    scope,
    summary,
  ]);
  const limits = Object.entries(NODE_LIMITS).map(([name, row]) =>
    [`\`${name}\``, row.default, row.min, row.max, row.unit].map(String),
  );
  const ids = new Set([...Object.keys(ROUTES), ...Object.keys(NODE_LIMITS)].map((name) => `\`${name}\``));
  expect(rows.filter(([id = '']) => ids.has(id))).toEqual([...operations, ...limits]);
});
