/** Compiles a module again and again in one process. */
import { readFileSync } from 'node:fs';
import { readJob, report } from '../child.ts';
import { type Elapsed, startWatch } from '../stopwatch.ts';

export interface CompileJob {
  readonly path: string;
  readonly repetitions: number;
}

export interface CompileTimes {
  readonly times: readonly Elapsed[];
}

/** The engine keeps what it has compiled by its bytes: a custom section with a number makes each copy another module. */
function numbered(bytes: Uint8Array, number: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes.length + 5);
  copy.set(bytes);
  copy.set([0, 3, 1, 0x6e, number], bytes.length); // section 0, its size, a name of one byte, the content
  return copy;
}

const job = readJob<CompileJob>();
const bytes = readFileSync(job.path);
const times: Elapsed[] = [];
for (let repetition = 0; repetition < job.repetitions; repetition++) {
  const copy = numbered(bytes, repetition);
  const elapsed = startWatch();
  new WebAssembly.Module(copy);
  times.push(elapsed());
}
report({ times } satisfies CompileTimes);
