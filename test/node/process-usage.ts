/** What a process holds: as the system sees it (Linux), and as its own main thread does. */
import { readdirSync, readFileSync } from 'node:fs';

/** From /proc. */
export interface SystemUsage {
  readonly residentBytes: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** From inside, after a collection. */
export interface InnerUsage {
  readonly heapBytes: number;
  readonly externalBytes: number;
  /** What keeps an event loop alive or will call back, by kind. */
  readonly handles: Readonly<Record<string, number>>;
}

export interface ProcessUsage extends SystemUsage, InnerUsage {}

const BYTES_PER_KIB = 1024;

/** @throws Error where there is no /proc, or no such process any more */
export function systemUsage(pid: number): SystemUsage {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const field = (name: string): number =>
    Number(new RegExp(`^${name}:\\s*(\\d+)`, 'm').exec(status)?.[1] ?? Number.NaN);
  return {
    residentBytes: field('VmRSS') * BYTES_PER_KIB,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: field('Threads'),
  };
}

/** Of the process that asks. With `--expose-gc` what is garbage is not counted. */
export function innerUsage(): InnerUsage {
  globalThis.gc?.();
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  const handles: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) handles[kind] = (handles[kind] ?? 0) + 1;
  return { heapBytes: heapUsed, externalBytes: external + arrayBuffers, handles };
}
