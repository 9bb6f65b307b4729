;; Legacy exceptions: calls in the body of `try` and in its handler, a throw directly and from a callee, in a loop.
(module
  (tag $odd (param i32))
  (tag $big (param i64 f64))
  (func $f (param $x i32) (result i32) (i32.add (i32.mul (local.get $x) (i32.const 11)) (i32.const 2)))
  (func $check (param $x i32) (result i32)
    (if (i32.and (local.get $x) (i32.const 1)) (then (throw $odd (call $f (local.get $x)))))
    (if (i32.gt_s (local.get $x) (i32.const 30)) (then (throw $big (i64.const 1000) (f64.const 2.5))))
    (call $f (local.get $x)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.get $sum)
      (try (result i32)
        (do
          (drop (call $f (local.get $n)))
          (i32.add (call $check (local.get $n)) (call $f (i32.const 1))))
        (catch $odd
          (call $f)
          (i32.add (call $f (local.get $sum))))
        (catch $big
          (drop)
          (i32.wrap_i64)
          (i32.add (call $f (i32.const 3)))))
      (local.set $sum (i32.xor))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
