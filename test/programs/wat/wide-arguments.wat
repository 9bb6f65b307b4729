;; `run` takes every number type and gives them back changed.
(module
  (func $f (param f32 f64) (result f64) (f64.sub (f64.promote_f32 (local.get 0)) (local.get 1)))
  (func (export "run") (param $n i32) (param $l i64) (param $s f32) (param $d f64) (result i32 i64 f32 f64)
    (local $i i32)
    (loop $again
      (local.set $d (call $f (local.get $s) (local.get $d)))
      (local.set $l (i64.add (i64.mul (local.get $l) (i64.const 3)) (i64.extend_i32_s (local.get $i))))
      (local.set $s (f32.mul (local.get $s) (f32.const 1.25)))
      (br_if $again (i32.lt_s (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $i) (local.get $l) (local.get $s) (local.get $d)))
