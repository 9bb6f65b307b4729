;; Loops around, inside and across `try`: a back edge that leaves the body, one that leaves the handler, a loop in the body
;; whose later turn throws, and a handler inside a handler.
(module
  (tag $e (param i32))
  (func $f (param $x i32) (result i32)
    (if (i32.eq (i32.and (local.get $x) (i32.const 15)) (i32.const 9)) (then (throw $e (local.get $x))))
    (i32.add (i32.mul (local.get $x) (i32.const 3)) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32) (local $i i32) (local $caught i32)
    (loop $again
      (br_if 0 (i32.gt_s (local.tee $n (i32.sub (local.get $n) (i32.const 1))) (i32.const 1000)))
      (try
        (do
          (br_if $again (i32.eq (local.get $n) (i32.const 5)))
          (local.set $i (i32.const 6))
          (loop $inner
            (local.set $sum (i32.add (local.get $sum) (call $f (i32.add (local.get $n) (local.get $i)))))
            (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))
        (catch $e
          (local.set $caught (i32.add (local.get $caught)))
          (try
            (do (local.set $sum (i32.xor (local.get $sum) (call $f (local.get $sum)))))
            (catch $e
              (drop)
              (local.set $sum (call $f (i32.const 2)))
              (br_if $again (i32.gt_s (local.get $n) (i32.const 0)))))
          (br_if $again (i32.gt_s (local.get $n) (i32.const 0)))))
      (br_if $again (i32.gt_s (local.get $n) (i32.const 0))))
    (i32.add (local.get $sum) (local.get $caught))))
