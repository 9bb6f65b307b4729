/** Draws the pictures of BENCHMARKS.md: `node test/bench/plots.ts [RESULTS-FOLDER [PICTURES-FOLDER]]`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PICTURES } from './plot/pictures.ts';
import { RESULTS_FOLDER } from './results.ts';

export const PICTURES_FOLDER = fileURLToPath(new URL('../../docs/plots/', import.meta.url));

/** Gives the names of what was drawn. */
export function drawAll(results: string, pictures: string): string[] {
  mkdirSync(pictures, { recursive: true });
  return Object.entries(PICTURES).flatMap(([name, draw]) => {
    const drawn = draw(results);
    if (drawn === undefined) return [];
    writeFileSync(join(pictures, name), drawn);
    return [name];
  });
}

if (import.meta.main) {
  const [results = RESULTS_FOLDER, pictures = PICTURES_FOLDER] = process.argv.slice(2);
  const drawn = drawAll(results, pictures);
  const missing = Object.keys(PICTURES).filter((name) => !drawn.includes(name));
  process.stdout.write(`${drawn.length} pictures in ${pictures}\n`);
  if (missing.length > 0) process.stdout.write(`without results: ${missing.join(', ')}\n`);
}
