;; Initial values and offsets that are computed, from an imported global too.
(module
  (import "env" "base" (global $base i32))
  (memory 1)
  (global $x (mut i32) (i32.add (i32.mul (global.get $base) (i32.const 3)) (i32.const 4)))
  (global $y (mut i64) (i64.sub (i64.const 10) (i64.mul (i64.const 7) (i64.const 6))))
  (data (offset (i32.add (global.get $base) (i32.const 24))) "computed offset")
  (table 20 funcref)
  (elem (offset (i32.sub (i32.const 12) (i32.const 9))) func $f)
  (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.load8_u (i32.add (local.get 0) (i32.const 1024)))))
  (func (export "run") (param $n i32) (result i32 i64)
    (loop $again
      (global.set $x (i32.xor (global.get $x) (call_indirect (param i32) (result i32) (local.get $n) (i32.const 3))))
      (global.set $y (i64.mul (global.get $y) (i64.const 3)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (global.get $x)
    (global.get $y)))
