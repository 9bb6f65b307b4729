;; catch_all with loops and calls in it, `try` without handlers, and a branch out of body and handler.
(module
  (import "env" "tick" (func $tick (param i32) (result i32)))
  (tag $a)
  (tag $b (param i32))
  (func $throws (param $x i32)
    (if (i32.eqz (i32.rem_u (local.get $x) (i32.const 3))) (then (throw $a)))
    (if (i32.eqz (i32.rem_u (local.get $x) (i32.const 5))) (then (throw $b (local.get $x)))))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32) (local $i i32)
    (loop $again
      (block $skip
        (try
          (do
            (call $throws (local.get $n))
            (br_if $skip (i32.and (local.get $n) (i32.const 1)))
            (local.set $sum (i32.add (local.get $sum) (call $tick (local.get $n)))))
          (catch_all
            (local.set $i (i32.const 4))
            (loop $cleanup
              (local.set $sum (i32.add (local.get $sum) (call $tick (local.get $i))))
              (br_if $cleanup (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
            (br_if $skip (i32.and (local.get $sum) (i32.const 2)))))
        (try (do (local.set $sum (call $tick (local.get $sum))))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
