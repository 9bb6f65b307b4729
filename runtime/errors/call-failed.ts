import { PluvioError } from './pluvio-error.ts';

/** How a call ended, as far as its error says. */
export type CallOutcome =
  | { readonly kind: 'returned' | 'stopped' }
  | { readonly kind: 'trapped'; readonly code: string; readonly message: string }
  | { readonly kind: 'limit'; readonly limit: string }
  | { readonly kind: 'exited'; readonly code: number };

/** The outcome of a call that gave nothing, as an error: `CALL_FAILED`. */
export function callFailed(worker: string, outcome: CallOutcome): PluvioError {
  const what =
    outcome.kind === 'trapped'
      ? `trapped: ${outcome.message}`
      : outcome.kind === 'limit'
        ? `reached its limit ${outcome.limit}`
        : outcome.kind === 'exited'
          ? `exited with code ${outcome.code}`
          : 'was stopped';
  const facts = outcome.kind === 'trapped' ? { trap: outcome.code } : {};
  return new PluvioError('CALL_FAILED', `the call of worker "${worker}" ${what}`, { outcome: outcome.kind, ...facts });
}
