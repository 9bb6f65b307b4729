/** Puts results into BENCHMARKS.md, between `<!-- results: NAME -->` and `<!-- end of results -->`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { Benchmark } from './benchmark.ts';
import { BENCHMARKS } from './benchmarks.ts';
import { isRunName, readResult, type RunName, RUNS } from './results.ts';

const DOCUMENT = fileURLToPath(new URL('../../BENCHMARKS.md', import.meta.url));
const SECTION = /<!-- results: ([a-z-]+) -->\n[^]*?<!-- end of results -->/g;

function sectionOf(folder: string, name: RunName): string | undefined {
  const result = readResult(folder, name);
  const { format } = BENCHMARKS[RUNS[name][0]] as Benchmark; // which has written it
  return result && format(result);
}

/**
 * The document with every section made anew of which the folder has a result.
 * @throws RangeError for a section that no run stands for
 */
export async function documentWith(document: string, folder: string): Promise<string> {
  const filled = document.replace(SECTION, (whole, name: string) => {
    if (!isRunName(name)) throw new RangeError(`BENCHMARKS.md has a section "${name}" that no run stands for`);
    const text = sectionOf(folder, name);
    return text === undefined ? whole : `<!-- results: ${name} -->\n\n${text}\n\n<!-- end of results -->`;
  });
  return format(filled, { ...(await resolveConfig(DOCUMENT)), parser: 'markdown' });
}

export async function rewriteDocument(folder: string): Promise<void> {
  writeFileSync(DOCUMENT, await documentWith(readFileSync(DOCUMENT, 'utf8'), folder));
}
