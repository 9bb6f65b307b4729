;; Arithmetic of f32 and f64 in loops, with calls between: sums, roots, rounding, comparisons, conversions.
(module
  (func $newton (param $x f64) (result f64)
    (local $guess f64) (local $i i32)
    (local.set $guess (local.get $x))
    (local.set $i (i32.const 12))
    (loop $again
      (local.set $guess
        (f64.mul (f64.const 0.5) (f64.add (local.get $guess) (f64.div (local.get $x) (local.get $guess)))))
      (br_if $again (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.get $guess))
  (func (export "run") (param $n i32) (result f64 f32 i32)
    (local $sum f64) (local $single f32) (local $exact i32)
    (loop $again
      (local.set $sum (f64.add (local.get $sum) (call $newton (f64.convert_i32_u (local.get $n)))))
      (local.set $single
        (f32.add
          (f32.min (local.get $single) (f32.const 1e6))
          (f32.demote_f64 (f64.nearest (call $newton (local.get $sum))))))
      (local.set $exact
        (i32.add
          (local.get $exact)
          (f64.lt
            (f64.abs (f64.sub (call $newton (local.get $sum)) (f64.sqrt (local.get $sum))))
            (f64.const 1e-9))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)
    (local.get $single)
    (local.get $exact)))
