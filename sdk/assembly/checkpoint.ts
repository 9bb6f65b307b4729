import { checkpoint as wait_for_checkpoint } from './pluvio_v1';
import { Status } from './status';

/**
 * Waits until the worker's state, with all that it did so far, is durable. Capability `checkpoint`.
 *
 * @example checkpoint().expect();
 */
export function checkpoint(): Status {
  return new Status(wait_for_checkpoint(), 'checkpoint');
}
