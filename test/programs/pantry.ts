/** A program of one page that has stored 4 MiB by the host ABI, of which each call changes as much as one of the slate changes of its memory. */
import { moduleOf, TOUCHED_BLOCKS } from './slate.ts';

const VALUE_BYTES = 4096;
const KEYS = 1024;

/** `fill` stores values that do not compress; `touch` stores some of them anew, which the number chooses, and gives how often it was called. */
const PANTRY = `(module
  (import "pluvio_v1" "kv_set" (func $set (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (global $x (mut i32) (i32.const 0))
  (global $touched (mut i32) (i32.const 0))
  (func $next (result i32)
    (global.set $x (i32.add (i32.mul (global.get $x) (i32.const 1664525)) (i32.const 1013904223)))
    (global.get $x))
  ;; Keys are two letters of base 32.
  (func $store (param $key i32) (local $at i32)
    (i32.store8 (i32.const 0) (i32.add (i32.const 64) (i32.shr_u (local.get $key) (i32.const 5))))
    (i32.store8 (i32.const 1) (i32.add (i32.const 64) (i32.and (local.get $key) (i32.const 31))))
    (local.set $at (i32.const ${VALUE_BYTES}))
    (loop $word
      (i32.store (local.get $at) (call $next))
      (br_if $word (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const ${2 * VALUE_BYTES}))))
    (if (call $set (i32.const 0) (i32.const 2) (i32.const ${VALUE_BYTES}) (i32.const ${VALUE_BYTES})) (then unreachable)))
  (func (export "fill") (local $key i32)
    (loop $more
      (call $store (local.get $key))
      (br_if $more (i32.lt_u (local.tee $key (i32.add (local.get $key) (i32.const 1))) (i32.const ${KEYS})))))
  (func (export "touch") (param $number i32) (result i32) (local $left i32)
    (global.set $x (i32.add (global.get $x) (local.get $number)))
    (local.set $left (i32.const ${TOUCHED_BLOCKS}))
    (loop $touch
      (call $store (i32.and (i32.shr_u (call $next) (i32.const 8)) (i32.const ${KEYS - 1})))
      (br_if $touch (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (global.set $touched (i32.add (global.get $touched) (i32.const 1)))
    (global.get $touched)))`;

export const pantryModule = (): Promise<Uint8Array<ArrayBuffer>> => moduleOf('pantry', PANTRY);
