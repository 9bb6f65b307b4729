/** Everything that takes input from strangers, a row each. */
import { Choices } from './choices.ts';
import type { Target } from './target.ts';

export interface TargetRow {
  /** Of 100 cases, how many are this target's. */
  readonly share: number;
  /** Whether it needs the network (its own machine's), which the other targets are denied. */
  readonly network: boolean;
  readonly open: () => Promise<Target>;
}

export const TARGETS = {
  validity: { share: 26, network: false, open: async () => (await import('./modules/target.ts')).openValidityTarget() },
  module: { share: 10, network: false, open: async () => (await import('./modules/target.ts')).openModuleTarget() },
  snapshot: {
    share: 20,
    network: false,
    open: async () => (await import('./snapshots/target.ts')).openSnapshotTarget(),
  },
  bundle: { share: 10, network: false, open: async () => (await import('./bundles/target.ts')).openBundleTarget() },
  drop: { share: 9, network: false, open: async () => (await import('./bundles/target.ts')).openDropTarget() },
  stream: { share: 9, network: false, open: async () => (await import('./bundles/stream.ts')).openStreamTarget() },
  wasi: { share: 15, network: false, open: async () => (await import('./calls/target.ts')).openWasiTarget() },
  http: { share: 1, network: true, open: async () => (await import('./requests/target.ts')).openHttpTarget() },
} as const satisfies Record<string, TargetRow>;

export type TargetName = keyof typeof TARGETS;
export const TARGET_NAMES = Object.keys(TARGETS) as TargetName[]; // its keys

/** Which of the targets a case is for. */
export function targetOf(seed: number, caseNumber: number, names: readonly TargetName[]): TargetName {
  const total = names.reduce((sum, name) => sum + TARGETS[name].share, 0);
  let left = new Choices(seed ^ 0x5bd1e995, caseNumber).below(total);
  for (const name of names) {
    left -= TARGETS[name].share;
    if (left < 0) return name;
  }
  throw new Error('no target');
}
