import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { type EngineChoice, engineName } from './engine-choice.ts';

/** Where figures come from; `load` tells how much else was going on. */
export interface Machine {
  readonly engine: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly load: number;
}

/** @param engine The one that runs what is measured. */
export const machine = (engine: EngineChoice = 'node'): Machine => ({
  engine: engineName(engine),
  platform: `${process.platform}-${process.arch}`,
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  load: Number((loadavg()[0] ?? 0).toFixed(1)),
});

export const machineLine = ({ engine, platform, cpu, cores, memoryGiB, load }: Machine): string =>
  `${engine}; ${platform}, ${cpu}, ${cores} cores, ${memoryGiB} GiB; load average ${load}`;
