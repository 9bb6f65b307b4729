/** A worker with much memory that does not compress, of which parts can be changed. */
import type { Bundle } from '../../runtime/bundle/index.ts';
import { createWorker, loadModule } from '../../runtime/index.ts';
import { assembleModule } from '../engine/text-module.ts';

export const NOISE_PAGES = 320;
const MEMORY_BYTES = NOISE_PAGES * 65_536;

/** `fill(from, to, seed)` writes numbers that do not compress. */
const SOURCE = `(module
  (memory (export "memory") ${NOISE_PAGES})
  (func (export "fill") (param $from i32) (param $to i32) (param $x i32)
    (loop $next
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 13))))
      (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.const 17))))
      (local.set $x (i32.xor (local.get $x) (i32.shl (local.get $x) (i32.const 5))))
      (i32.store (local.get $from) (local.get $x))
      (local.set $from (i32.add (local.get $from) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $from) (local.get $to))))))`;

export type Change = 'none' | 'in one place' | 'all over';

/** The state of the worker, as a bundle, after 1 % of its memory was changed in such a way. */
export async function noisyBundle(change: Change): Promise<Bundle> {
  const bytes = await assembleModule(SOURCE);
  const module = await loadModule(bytes);
  const worker = await createWorker(module);
  const fill = async (from: number, to: number, seed: number): Promise<void> => {
    await worker.call('fill', [from, to, seed]);
  };
  await fill(0, MEMORY_BYTES, 1);
  if (change === 'in one place') await fill(MEMORY_BYTES / 2, MEMORY_BYTES / 2 + MEMORY_BYTES / 100, 2);
  // A block of 4 KiB in each hundred.
  if (change === 'all over') for (let at = 0; at < MEMORY_BYTES; at += 100 * 4096) await fill(at, at + 4096, at + 3);
  const snapshot = worker.capture();
  return { manifest: { schemaVersion: 1, name: 'noisy' }, module: bytes, files: new Map(), snapshot };
}
