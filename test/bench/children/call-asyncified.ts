/** A kernel as asyncify.ts makes it: when fuel runs out, it is filled up and the kernel goes on. */
import { readFileSync } from 'node:fs';
import { ASYNCIFY_FUEL } from '../asyncify.ts';
import { readJob, report } from '../child.ts';
import { type CallJob, type Run, timeCalls } from './time-calls.ts';

const job = readJob<CallJob>();
const module = await WebAssembly.compile(readFileSync(job.path));
let refills = 0;
const instantiate = async (): Promise<Run> => {
  const made: { fuel?: WebAssembly.Global } = {};
  const out = (): void => {
    refills++;
    if (made.fuel !== undefined) made.fuel.value = ASYNCIFY_FUEL;
  };
  const { exports } = await WebAssembly.instantiate(module, { pluvio: { out } });
  made.fuel = exports['fuel'] as WebAssembly.Global; // asyncify.ts exports it
  return exports['run'] as (arg: number) => number; // every kernel exports it
};
report({ ...(await timeCalls(job, instantiate)), refills });
