/** A program with a memory of 4 MiB of which each call changes one hundredth. */
import initWabt from 'wabt';

export const SLATE_BYTES = 0x400000;
/** Blocks of 4 KiB that one `touch` changes, at most. */
export const TOUCHED_BLOCKS = 10;

/**
 * `fill` writes numbers that do not compress everywhere; `touch` adds a number to one word in each of some blocks that the number chooses, and
 * gives how often it was called; `sum` is one of all words, by their order.
 */
const SLATE = `(module
  (memory ${SLATE_BYTES / 65536})
  (global $touched (mut i32) (i32.const 0))
  (func $next (param $x i32) (result i32)
    (i32.add (i32.mul (local.get $x) (i32.const 1664525)) (i32.const 1013904223)))
  (func (export "fill") (local $at i32) (local $x i32)
    (loop $fill
      (local.set $x (call $next (local.get $x)))
      (i32.store (local.get $at) (local.get $x))
      (br_if $fill (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const ${SLATE_BYTES})))))
  (func (export "touch") (param $x i32) (result i32) (local $left i32) (local $at i32)
    (local.set $left (i32.const ${TOUCHED_BLOCKS}))
    (loop $touch
      (local.set $x (call $next (local.get $x)))
      (local.set $at (i32.and (i32.shr_u (local.get $x) (i32.const 8)) (i32.const ${SLATE_BYTES - 4})))
      (i32.store (local.get $at) (i32.add (i32.load (local.get $at)) (local.get $x)))
      (br_if $touch (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (global.set $touched (i32.add (global.get $touched) (i32.const 1)))
    (global.get $touched))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "sum") (result i64) (local $at i32) (local $sum i64)
    (loop $sum
      (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 1)) (i64.load32_u (local.get $at))))
      (br_if $sum (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const ${SLATE_BYTES}))))
    (local.get $sum)))`;

/** A text module as bytes. */
export async function moduleOf(name: string, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const parsed = (await initWabt()).parseWat(`${name}.wat`, text);
  try {
    return new Uint8Array(parsed.toBinary({}).buffer);
  } finally {
    parsed.destroy();
  }
}

export const slateModule = (): Promise<Uint8Array<ArrayBuffer>> => moduleOf('slate', SLATE);

/** What `sum` gives after `fill` and a `touch` with each of these numbers, on the bare engine. */
export async function slateSum(touches: readonly number[]): Promise<bigint> {
  const { instance } = await WebAssembly.instantiate(await slateModule());
  const { fill, touch, sum } = instance.exports as Record<string, (value?: number) => unknown>; // as the text says
  fill?.();
  for (const number of touches) touch?.(number);
  return sum?.() as bigint; // an i64
}
