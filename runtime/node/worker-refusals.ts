/** Why a worker does not do what it was asked. */
import { PluvioError } from '../errors/index.ts';

export const moving = (name: string, { target, phase }: { target: string; phase: string }): PluvioError =>
  new PluvioError('WORKER_MOVING', `worker "${name}" is being moved to ${target} (phase ${phase})`);

export function notMigratable(
  { name, notMigratable: reasons }: { readonly name: string; readonly notMigratable: readonly string[] },
  what: 'captured' | 'moved',
): PluvioError {
  return new PluvioError('NOT_MIGRATABLE', `worker "${name}" cannot be ${what}: ${reasons.join('; ')}`, { reasons });
}

export const over = (name: string, isLost: boolean): PluvioError =>
  isLost
    ? new PluvioError('WORKER_LOST', `worker "${name}" was lost: no snapshot of it is known`)
    : new PluvioError('WORKER_ENDED', `worker "${name}" has ended`);

export const engineLost = (name: string): PluvioError =>
  new PluvioError(
    'ENGINE_LOST',
    `the engine of worker "${name}" has ended, and no checkpoint holds the call that was in progress`,
    { worker: name },
  );

export const replaced = (name: string): PluvioError =>
  new PluvioError('WORKER_REPLACED', `worker "${name}" is set back to an earlier state, or gets another version`, {
    worker: name,
  });

export const noInput = (name: string, ref: string | undefined): PluvioError =>
  ref === undefined
    ? new PluvioError('INPUT_NOT_FOUND', `worker "${name}" has no call in progress`)
    : new PluvioError('INPUT_NOT_FOUND', `worker "${name}" has no input ${ref} that is not over (any more)`, { ref });

export const notReady = (name: string, status: string): PluvioError =>
  new PluvioError('WORKER_BUSY', `worker "${name}" is ${status}; it takes the input later`);
