/**
 * The state of a worker's hosts as it was at one of its snapshots, so that the next one holds only what became of it.
 *
 * Boundary: a host whose state may have bytes in it that it changes in place (`HostModule.stableBytes`) is not remembered: its state is whole.
 */
import { changed, changeOf, ownContainers } from './plain-change.ts';
import { inField, withFieldErrors } from './plain-fields.ts';
import type { Snapshot } from './snapshot.ts';
import { readHosts } from './snapshot-state.ts';
import type { HostModule } from './types.ts';

type HostStates = Snapshot['hosts'];

/** What is remembered of these states. */
export const rememberedOf = (states: HostStates, hosts: readonly HostModule[]): HostStates =>
  Object.fromEntries(
    hosts.filter(({ stableBytes }) => stableBytes === true).map(({ name }) => [name, ownContainers(states[name])]),
  );

/** What the states became; a host that is not remembered has another one. */
export const hostChanges = (remembered: HostStates, states: HostStates): unknown =>
  changeOf(Object.fromEntries(Object.keys(states).map((name) => [name, remembered[name] ?? NEVER])), states);

/** No state of a host: every one is another. */
const NEVER = Symbol('never');

/**
 * A delta with the states of its hosts whole, as they became.
 * @param before The whole states of its parent.
 * @throws PluvioError `SNAPSHOT_MALFORMED` the change is none of them
 */
export function withWholeHosts({ hostChanges: change, ...delta }: Snapshot, before: HostStates): Snapshot {
  if (change === undefined) return delta;
  const hosts = withFieldErrors('SNAPSHOT_MALFORMED', 'cannot take up the snapshot', () =>
    inField('hostChanges', () => readHosts(changed(before, change))),
  );
  return { ...delta, hosts };
}
