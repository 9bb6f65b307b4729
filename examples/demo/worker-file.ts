/** Files of a worker, out of a snapshot: what a guest writes is part of its state. */
import { readDrop, unpackBundle } from '../../runtime/bundle/index.ts';
import { BLOCK_BYTES } from '../../runtime/host/files/content.ts';
import { nodeCodecs } from '../../runtime/node/index.ts';
import type { PluvioClient } from '../../sdk/client/index.ts';

/** The part of the state of the WASI host that tells of files: inode 1 of the tree is its root. */
interface WasiState {
  readonly files: { readonly inodes: readonly Inode[] };
}

type Inode =
  | { readonly ino: number; readonly kind: 'directory'; readonly added: readonly (readonly [string, number, number])[] }
  | {
      readonly ino: number;
      readonly kind: 'file';
      readonly sizeBytes: number;
      readonly blocks: readonly (readonly [number, Uint8Array])[];
    }
  | { readonly ino: number; readonly kind: 'symlink' };

/** Takes a snapshot of a worker and reads from it a file that the guest has made. */
export async function readWorkerFile(client: PluvioClient, worker: string, name: string): Promise<Uint8Array> {
  const { digest } = await client.workers.snapshot(worker);
  const drop = await readDrop(await client.bundles.content(digest));
  const { snapshot } = await unpackBundle(drop, nodeCodecs);
  await client.bundles.delete(digest);
  const state = snapshot?.hosts['wasi_snapshot_preview1'] as WasiState | undefined; // a bundle that was checked
  const inodes = state?.files.inodes ?? [];
  const entry = inodes
    .flatMap((inode) => (inode.kind === 'directory' ? inode.added : []))
    .find(([added]) => added === name);
  const inode = inodes.find(({ ino }) => ino === entry?.[1]);
  if (inode?.kind !== 'file') throw new Error(`${worker} has made no file "${name}"`);
  const bytes = new Uint8Array(inode.sizeBytes);
  for (const [index, block] of inode.blocks) bytes.set(block, index * BLOCK_BYTES);
  return bytes;
}
