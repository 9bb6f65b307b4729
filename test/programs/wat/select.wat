;; select of every number type, with and without a type, on operands that calls compute.
(module
  (func $f (param $x i32) (result i32) (i32.mul (local.get $x) (i32.const 0x9e3779b1)))
  (func (export "run") (param $n i32) (result i32 i64 f32 f64)
    (local $i i32) (local $l i64) (local $a f32) (local $d f64)
    (loop $again
      (local.set $i (select (call $f (local.get $n)) (i32.add (local.get $i) (i32.const 1)) (call $f (local.get $i))))
      (local.set $l
        (i64.add
          (local.get $l)
          (select (result i64)
            (i64.extend_i32_s (call $f (local.get $n)))
            (i64.const 5)
            (i32.and (call $f (local.get $i)) (i32.const 4)))))
      (local.set $a
        (select (f32.add (local.get $a) (f32.const 1)) (local.get $a) (i32.and (local.get $i) (i32.const 1))))
      (local.set $d
        (select
          (f64.convert_i32_s (call $f (local.get $n)))
          (f64.mul (local.get $d) (f64.const 0.5))
          (i32.lt_s (local.get $i) (i32.const 0))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $i) (local.get $l) (local.get $a) (local.get $d)))
