/**
 * The state of a worker's hosts as it was at one of its snapshots, so that the next one holds only what became of it.
 *
 * Boundary: a host whose state may have bytes in it that it changes in place (`HostModule.stableBytes`) is not remembered: its state is whole.
 */
import { changed, ownContainers } from './plain-change.ts';
import { inField, withFieldErrors } from './plain-fields.ts';
import type { Snapshot } from './snapshot.ts';
import { readHosts } from './snapshot-state.ts';
import type { HostModule } from './types.ts';

type HostStates = Snapshot['hosts'];

/** What is remembered of these states: `changeOf` it tells what later ones became, those that are not in it as a whole. */
export const rememberedOf = (states: HostStates, hosts: readonly HostModule[]): HostStates =>
  Object.fromEntries(
    hosts.filter(({ stableBytes }) => stableBytes === true).map(({ name }) => [name, ownContainers(states[name])]),
  );

/**
 * What the states became.
 * @param before All of them, whole.
 * @param change Of them; not trusted.
 * @throws PluvioError `SNAPSHOT_MALFORMED` the change is none of them
 */
export const changedHosts = (before: HostStates, change: unknown): HostStates =>
  withFieldErrors('SNAPSHOT_MALFORMED', 'cannot take up the snapshot', () =>
    inField('hostChanges', () => readHosts(changed(before, change))),
  );

/**
 * A delta with the states of its hosts whole, as they became.
 * @param before The whole states of its parent.
 * @throws PluvioError `SNAPSHOT_MALFORMED` as `changedHosts`
 */
export const withWholeHosts = ({ hostChanges, ...delta }: Snapshot, before: HostStates): Snapshot =>
  hostChanges === undefined ? delta : { ...delta, hosts: changedHosts(before, hostChanges) };
