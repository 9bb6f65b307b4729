;; A tail call inside `try` leaves the frame and its handlers: the caller's handler sees what is thrown.
(module
  (tag $e (param i32))
  (func $throws (param $x i32) (result i32)
    (if (i32.and (local.get $x) (i32.const 1)) (then (throw $e (local.get $x))))
    (i32.mul (local.get $x) (i32.const 2)))
  (func $tail (param $x i32) (result i32)
    (try (do (return_call $throws (local.get $x))) (catch_all (return (i32.const -1))))
    (unreachable))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (try
        (do (local.set $sum (i32.add (local.get $sum) (call $tail (local.get $n)))))
        (catch $e (local.set $sum (i32.xor (local.get $sum)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
