;; rethrow after calls in the handler, rethrow of the outer of two exceptions, from catch and from catch_all.
(module
  (tag $e (param i32))
  (tag $inner (param i32 i32))
  (func $f (param $x i32) (result i32) (i32.add (local.get $x) (i32.const 5)))
  (func $first (param $x i32)
    (try
      (do (throw $e (call $f (local.get $x))))
      (catch $e
        (drop (call $f))
        (rethrow 0))))
  (func $second (param $x i32)
    (local $kept i32)
    (try $outer
      (do (call $first (local.get $x)))
      (catch $e
        (local.set $kept)
        (try
          (do (throw $inner (local.get $kept) (call $f (i32.const 2))))
          (catch $inner
            (i32.add)
            (local.set $kept (call $f))
            (if (i32.and (local.get $kept) (i32.const 1)) (then (rethrow $outer)))
            (throw $e (call $f (local.get $kept))))))))
  (func $third (param $x i32)
    (try
      (do (call $second (local.get $x)))
      (catch_all
        (drop (call $f (local.get $x)))
        (rethrow 0))))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (try
        (do (call $third (local.get $n)))
        (catch $e (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3))))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
