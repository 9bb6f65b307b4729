/** Instruments a module again and again in one process; leaves the last result in a file if asked to. */
import { readFileSync, writeFileSync } from 'node:fs';
import { ENGINES, detectEngine } from '../../../runtime/engine/index.ts';
import { instrumentModule, Program } from '../../../runtime/instrument/index.ts';
import { type ByteRange, decodeModule, validateDefinitions } from '../../../runtime/wasm/index.ts';
import { readJob, report } from '../child.ts';
import { type Elapsed, startWatch } from '../stopwatch.ts';

export interface InstrumentJob {
  readonly path: string;
  readonly repetitions: number;
  readonly output?: string;
}

export interface InstrumentTimes {
  /** In the order of the repetitions: the first ones run code that the engine has not optimised. */
  readonly times: readonly Elapsed[];
  readonly fileBytes: number;
  readonly codeBytes: number;
  readonly functions: number;
  readonly instrumentedBytes: number;
  readonly instrumentedCodeBytes: number;
}

const job = readJob<InstrumentJob>();
const bytes = Uint8Array.from(readFileSync(job.path));
const { unwind } = ENGINES[detectEngine()];
const times: Elapsed[] = [];
let instrumented = new Uint8Array();
for (let repetition = 0; repetition < job.repetitions; repetition++) {
  const elapsed = startWatch();
  const module = decodeModule(bytes);
  validateDefinitions(module);
  instrumented = Uint8Array.from(instrumentModule(new Program(module, unwind)));
  times.push(elapsed());
}
if (job.output !== undefined) writeFileSync(job.output, instrumented);
const bodiesOf = (module: Uint8Array): ByteRange[] =>
  decodeModule(module).funcs.flatMap(({ body }) => (body === undefined ? [] : [body]));
const bytesOf = (bodies: ByteRange[]): number => bodies.reduce((sum, { start, end }) => sum + end - start, 0);
report({
  times,
  fileBytes: bytes.length,
  codeBytes: bytesOf(bodiesOf(bytes)),
  functions: bodiesOf(bytes).length,
  instrumentedBytes: instrumented.length,
  instrumentedCodeBytes: bytesOf(bodiesOf(instrumented)),
} satisfies InstrumentTimes);
