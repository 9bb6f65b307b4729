import type { Outcome } from '../engine/types.ts';
import { jsonOfValue } from '../values/index.ts';
import type { JsonOutcome } from './api-types.ts';

export function jsonOfOutcome(outcome: Outcome): JsonOutcome {
  switch (outcome.kind) {
    case 'returned':
      return { kind: 'returned', values: outcome.values.map(jsonOfValue) };
    case 'trapped':
      return {
        ...outcome,
        frames: outcome.frames
          .slice(0, 100)
          .map(({ func, name, pc }) => ({ func, name: name ?? null, pc: pc ?? null })),
      };
    case 'exited':
    case 'stopped':
    case 'limit':
      return outcome;
  }
}

/** An outcome as JSON, also one with values that JSON cannot have. */
export function jsonOf(outcome: Outcome): JsonOutcome {
  try {
    return jsonOfOutcome(outcome);
  } catch (error) {
    return { kind: 'trapped', code: 'unknown', message: (error as Error).message, frames: [] };
  }
}
