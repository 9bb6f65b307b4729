/** A kernel on the bare engine. */
import { readFileSync } from 'node:fs';
import { readJob, report } from '../child.ts';
import { type CallJob, type Run, timeCalls } from './time-calls.ts';

const job = readJob<CallJob>();
const module = await WebAssembly.compile(readFileSync(job.path));
const instantiate = async (): Promise<Run> => {
  const { exports } = await WebAssembly.instantiate(module);
  return exports['run'] as (arg: number) => number; // every kernel exports it
};
report(await timeCalls(job, instantiate));
