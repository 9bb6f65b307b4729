/** Puts results into BENCHMARKS.md, between `<!-- results: NAME -->` and `<!-- end of results -->`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import { call } from './call.ts';
import { cli } from './cli.ts';
import { component } from './component.ts';
import { density } from './density.ts';
import { fairness } from './fairness.ts';
import { fork } from './fork.ts';
import { http } from './http.ts';
import { instrument } from './instrument.ts';
import { checkpoint } from './checkpoint.ts';
import { journal } from './journal.ts';
import { overhead } from './overhead.ts';
import { real } from './real.ts';
import { reentry } from './reentry.ts';
import { isRunName, readResult, type Results, type RunName } from './results.ts';
import { snapshot } from './snapshot.ts';
import { unwind } from './unwind.ts';
import { wake } from './wake.ts';

const DOCUMENT = fileURLToPath(new URL('../../BENCHMARKS.md', import.meta.url));
const SECTION = /<!-- results: ([a-z-]+) -->\n[^]*?<!-- end of results -->/g;

const FORMATS: { readonly [Name in RunName]: (result: Results[Name]) => string } = {
  overhead: overhead.format,
  'overhead-bun': overhead.format,
  real: real.format,
  'real-bun': real.format,
  reentry: reentry.format,
  instrument: instrument.format,
  unwind: unwind.format,
  snapshot: snapshot.format,
  fork: fork.format,
  http: http.format,
  density: density.format,
  wake: wake.format,
  fairness: fairness.format,
  journal: journal.format,
  checkpoint: checkpoint.format,
  call: call.format,
  component: component.format,
  cli: cli.format,
};

function sectionOf<Name extends RunName>(folder: string, name: Name): string | undefined {
  const result = readResult(folder, name);
  return result && FORMATS[name](result);
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
