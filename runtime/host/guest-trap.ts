/** How hosts of components end a guest; no handler of the guest meets it. */
import { GuestTrap } from '../engine/pending.ts';

/** The guest broke a rule: of the canonical ABI, or of the WIT of an interface. */
export function trap(message: string): never {
  throw new GuestTrap('canonical-abi', message);
}

/** The guest asked its host for more than a limit allows. */
export function limitTrap(message: string): never {
  throw new GuestTrap('host-limit', message);
}
