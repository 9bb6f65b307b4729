/** Time of a piece of work, in milliseconds. */
export interface Elapsed {
  /** By the clock. */
  readonly wallMs: number;
  /** Of this thread on a core: does not grow while other processes have the core. */
  readonly cpuMs: number;
}

/** Where the engine does not tell what a thread used, the clock stands in for it. */
const threadMs = (): number => {
  if (typeof process === 'undefined' || !('threadCpuUsage' in process)) return performance.now();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
};

/** Finest step of a thread's time: a floor, as what is read becomes a divisor. */
const STEP_MS = 0.001;

/** Starts a stopwatch; calling the result reads it. */
export function startWatch(): () => Elapsed {
  const cpu = threadMs();
  const wall = performance.now();
  return () => ({ wallMs: performance.now() - wall, cpuMs: Math.max(STEP_MS, threadMs() - cpu) });
}
