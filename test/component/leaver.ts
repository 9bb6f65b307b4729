/** A component that calls out of places where the canonical ABI allows it, and of others. */
import { componentOf } from './tools.ts';

export const PLACES = { nowhere: 0, allocator: 1, 'post-return': 2, call: 3 } as const;
export const CALLS = {
  nothing: 0,
  out: 1,
  'resource.new': 2,
  'resource.drop': 3,
  'resource.rep': 4,
  stranger: 5,
} as const;

/** Makes a call out of the place that `prepare` has named, while `take` or `tell` is called; and catches whatever comes. */
const TEXT = `(component
  (import "example:host/words@1.0.0" (instance $words (export "out" (func))))
  (type $thing (resource (rep i32)))
  (core func $out (canon lower (func $words "out")))
  (core func $new (canon resource.new $thing))
  (core func $drop (canon resource.drop $thing))
  (core func $rep (canon resource.rep $thing))
  (core module $main
    (import "host" "out" (func $out))
    (import "host" "new" (func $new (param i32) (result i32)))
    (import "host" "drop" (func $drop (param i32)))
    (import "host" "rep" (func $rep (param i32) (result i32)))
    (memory (export "memory") 1)
    (global $handle (mut i32) (i32.const 0))
    (global $place (mut i32) (i32.const 0))
    (global $what (mut i32) (i32.const 0))
    ;; There is where to stop before and after the call.
    (func $spin (local $left i32)
      (local.set $left (i32.const 3))
      (loop $next (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
    (func $leave (param $place i32)
      (if (i32.ne (local.get $place) (global.get $place)) (then (return)))
      (if (i32.ne (local.get $place) (i32.const 1)) (then (call $spin)))
      (block $caught (try_table (catch_all $caught)
        (if (i32.eq (global.get $what) (i32.const 1)) (then (call $out)))
        (if (i32.eq (global.get $what) (i32.const 2)) (then (drop (call $new (i32.const 1)))))
        (if (i32.eq (global.get $what) (i32.const 3)) (then (call $drop (global.get $handle))))
        (if (i32.eq (global.get $what) (i32.const 4)) (then (drop (call $rep (global.get $handle)))))
        (if (i32.eq (global.get $what) (i32.const 5)) (then (call $drop (i32.const 999)))))))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (call $leave (i32.const 1)) (i32.const 1024))
    (func (export "prepare") (param $place i32) (param $what i32)
      (global.set $place (local.get $place))
      (global.set $what (local.get $what))
      (global.set $handle (call $new (i32.const 7))))
    (func (export "take") (param i32 i32) (result i32) (call $leave (i32.const 3)) (local.get 1))
    (func (export "after") (param i32) (call $leave (i32.const 2)))
    (func (export "tell") (param i32 i32) (call $leave (i32.const 3)))
    (func (export "after-tell") (call $leave (i32.const 2))))
  (core instance $main (instantiate $main (with "host" (instance
    (export "out" (func $out)) (export "new" (func $new)) (export "drop" (func $drop)) (export "rep" (func $rep))))))
  (func $prepare (param "place" u32) (param "what" u32) (canon lift (core func $main "prepare")))
  (func $take (param "text" string) (result u32) (canon lift (core func $main "take")
    (memory (core memory $main "memory")) (realloc (core func $main "realloc")) (post-return (core func $main "after"))))
  (func $tell (param "text" string) (canon lift (core func $main "tell")
    (memory (core memory $main "memory")) (realloc (core func $main "realloc")) (post-return (core func $main "after-tell"))))
  (export "prepare" (func $prepare))
  (export "tell" (func $tell))
  (export "take" (func $take)))`;

export const leaver = (): Promise<Uint8Array> => componentOf(TEXT);
