;; Calls in both arms of `if`, in a condition, in an `if` without `else`, and in `if`s inside each other with results.
(module
  (func $f (param $x i32) (result i32) (i32.add (i32.mul (local.get $x) (i32.const 17)) (i32.const 3)))
  (func $odd (param $x i32) (result i32) (i32.and (local.get $x) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (if (call $odd (local.get $n))
        (then (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n)))))
        (else (local.set $sum (i32.xor (local.get $sum) (call $f (local.get $sum))))))
      (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 5)))
        (then (local.set $sum (call $f (local.get $sum)))))
      (local.set $sum
        (i32.add
          (local.get $sum)
          (if (result i32) (i32.gt_u (local.get $n) (i32.const 20))
            (then
              (if (result i32) (call $odd (local.get $sum))
                (then (call $f (i32.const 1)))
                (else (i32.add (call $f (local.get $n)) (call $f (i32.const 2))))))
            (else
              (if (result i32) (call $odd (i32.shr_u (local.get $sum) (i32.const 3)))
                (then (i32.const 77))
                (else (call $f (i32.const -4))))))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
