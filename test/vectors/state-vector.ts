import { readFileSync } from 'node:fs';
import { decodeSnapshot, encodeSnapshot } from '../../runtime/engine/snapshot-codec.ts';
import { snapshotOfMemory } from '../arbitrary/snapshot.ts';
import { parseTagged } from './tagged-json.ts';

/** The state of a host module, and what the host was made with. */
export interface StateVector {
  /** Its name among the hosts of a snapshot. */
  readonly module: string;
  readonly options?: unknown;
  readonly state: unknown;
}

const fileOf = (name: string): URL => new URL(`host-state/${name}`, import.meta.url);

export const readStateVector = (name: string): StateVector =>
  parseTagged(readFileSync(fileOf(`${name}.json`), 'utf8')) as StateVector; // our own file

/** A snapshot of next to nothing, with the state of a host. */
export const snapshotOfHost = (module: string, state: unknown): Uint8Array =>
  encodeSnapshot({ ...snapshotOfMemory(new Uint8Array()), hosts: { [module]: state } });

/** The state of a host as it comes out of a snapshot. */
export const stateOfHost = (module: string, snapshot: Uint8Array): unknown => decodeSnapshot(snapshot).hosts[module];

export const readStateSnapshot = (name: string): Uint8Array => new Uint8Array(readFileSync(fileOf(`${name}.bin`)));
