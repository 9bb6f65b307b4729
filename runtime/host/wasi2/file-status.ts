/** What files tell of themselves. */
import type { Inode } from '../files/inode.ts';
import { fail } from '../errno.ts';
import { datetime, type Datetime } from './clocks.ts';
import type { Wasi2Context } from './context.ts';

const NS_PER_S = 1_000_000_000;

const TYPES = { file: 'regular-file', directory: 'directory', symlink: 'symbolic-link' } as const satisfies Record<
  Inode['kind'],
  string
>;

export const descriptorType = ({ kind }: Inode) => TYPES[kind];

const encoder = new TextEncoder();

function sizeOf(inode: Inode): number {
  if (inode.kind === 'file') return inode.content.sizeBytes;
  return inode.kind === 'symlink' ? encoder.encode(inode.target).length : 0;
}

/** `descriptor-stat` */
export const statOf = (inode: Inode) => ({
  type: descriptorType(inode),
  linkCount: BigInt(inode.links),
  size: BigInt(sizeOf(inode)),
  dataAccessTimestamp: datetime(inode.accessedNs),
  dataModificationTimestamp: datetime(inode.modifiedNs),
  statusChangeTimestamp: datetime(inode.changedNs),
});

export type NewTimestamp =
  { readonly tag: 'no-change' } | { readonly tag: 'now' } | { readonly tag: 'timestamp'; readonly val: Datetime };

/** @throws Errno `inval`, `overflow`: files have times of 64 bits */
function timeOf({ clock }: Wasi2Context, timestamp: NewTimestamp): bigint | undefined {
  if (timestamp.tag === 'no-change') return undefined;
  if (timestamp.tag === 'now') return clock.realtimeNs();
  const { seconds, nanoseconds } = timestamp.val;
  if (nanoseconds >= NS_PER_S) fail('inval');
  const ns = seconds * BigInt(NS_PER_S) + BigInt(nanoseconds);
  return ns < 2n ** 64n ? ns : fail('overflow');
}

export function setTimesOf(wasi: Wasi2Context, inode: Inode, accessed: NewTimestamp, modified: NewTimestamp): void {
  wasi.tree.setTimes(inode, timeOf(wasi, accessed), timeOf(wasi, modified));
}
