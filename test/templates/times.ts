/** How long each step took, in the order in which they were made. */
export type Times = ReadonlyMap<string, number>;

/** Measures steps; each counts by its name. */
export class Stopwatch {
  readonly times = new Map<string, number>();

  async step<Value>(name: string, run: () => Promise<Value>): Promise<Value> {
    const beganMs = performance.now();
    const value = await run();
    this.times.set(name, (this.times.get(name) ?? 0) + performance.now() - beganMs);
    return value;
  }
}

/** Every step and the sum, in seconds. */
export function timesText(times: Times): string {
  const totalMs = [...times.values()].reduce((sum, ms) => sum + ms, 0);
  const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
  return [`${seconds(totalMs)}:`, ...[...times].map(([name, ms]) => `${name} ${seconds(ms)}`)].join('  ');
}
