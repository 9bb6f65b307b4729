/** How a program that travels is begun, what it is given in every engine, and what it gives in the end. Runs in any engine. */
import type { GuestOptions, Outcome, Worker } from '../../runtime/index.ts';
import { createFunctionImports } from '../programs/function-imports.ts';
import { callScript, quickjsOptions, returned, textOf } from '../real/quickjs-guest.ts';
import { type GuestSpec, outcomeText } from './wire.ts';

/** A program as an agent runs it. */
export interface Guest {
  readonly options: GuestOptions;
  readonly begin: (worker: Worker) => Promise<Outcome>;
  /** The result of a program that has ended, as text. */
  readonly finish: (worker: Worker, outcome: Outcome) => Promise<string>;
}

const finish = (_worker: Worker, outcome: Outcome): Promise<string> => Promise.resolve(outcomeText(outcome));

export function createGuest(spec: GuestSpec, onOutput: (bytes: Uint8Array) => void): Guest {
  switch (spec.kind) {
    case 'function':
      return {
        options: { imports: createFunctionImports() },
        begin: (worker) => worker.call(spec.export, spec.args),
        finish,
      };
    case 'command':
      return {
        options: {
          wasi: { args: ['program', ...spec.args], stdin: new TextEncoder().encode(spec.stdin), stdout: onOutput },
        },
        begin: (worker) => worker.start(),
        finish,
      };
    case 'quickjs':
      return {
        options: quickjsOptions(),
        begin: callScript,
        finish: async (worker, outcome) =>
          outcome.kind === 'returned' ? `returned ${await textOf(worker, returned(outcome))}` : outcomeText(outcome),
      };
  }
}
