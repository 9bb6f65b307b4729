/** Puts a stopped guest into a `.drop` file. */
import { type Bundle, packBundle, writeDrop } from '../../../runtime/bundle/index.ts';
import type { Snapshot } from '../../../runtime/engine/snapshot.ts';
import { nodeCodecs } from '../../../runtime/node/index.ts';
import { writeFileWhole } from '../whole-file.ts';
import { wasiState, withWasiState } from './guest-tree.ts';
import type { Guest } from './guest.ts';

/** The snapshot with input that this process had read ahead. */
function withUnreadInput(snapshot: Snapshot, { host, input }: Guest): Snapshot {
  const state = wasiState(snapshot.hosts[host.name]);
  const buffered = Buffer.concat([state.stdin.buffered, input.unread()]);
  const ended = state.stdin.ended || !input.goesOn;
  const stdin = { buffered: new Uint8Array(buffered), ended };
  return {
    ...snapshot,
    hosts: { ...snapshot.hosts, [host.name]: withWasiState(snapshot.hosts[host.name], { stdin }) },
  };
}

/**
 * Writes the state of a stopped guest; gives the size of the file.
 * @throws PluvioError `FILE_FAILED`, `NOT_MIGRATABLE`, `BUNDLE_…`
 */
export async function saveGuest(guest: Guest, path: string): Promise<number> {
  const { log: _log, ...rest } = guest.bundle;
  const { stdin: _stdin, ...manifest } = rest.manifest;
  const bundle: Bundle = { ...rest, manifest, snapshot: withUnreadInput(guest.worker.capture(), guest) };
  return writeFileWhole(path, writeDrop(await packBundle(bundle, nodeCodecs)));
}
