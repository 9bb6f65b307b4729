/** What is said of a worker that is in the wrong state for what was asked. */
import { PluvioError } from '../errors/index.ts';
import type { WorkerState } from './types.ts';

interface Named {
  readonly name: string;
  readonly state: WorkerState;
}

export const busyError = ({ name, state }: Named): PluvioError =>
  new PluvioError('WORKER_BUSY', `worker "${name}" is ${state}; it must be idle to be called`, { state });

export const notResumableError = ({ name, state }: Named): PluvioError =>
  new PluvioError('WORKER_NOT_RESUMABLE', `worker "${name}" is ${state}; only a stopped one can be resumed`, { state });

export const notStoppedError = ({ name }: Named): PluvioError =>
  new PluvioError('WORKER_NOT_STOPPED', `worker "${name}" is running; stop it before it is captured`);

export const closedError = ({ name }: Named): PluvioError =>
  new PluvioError('WORKER_CLOSED', `worker "${name}" is closed`);
