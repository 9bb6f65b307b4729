;; Counts a divisor down to zero.
(module
  (func $f (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $f (i32.const 1000) (local.get $n))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again))
    (local.get $sum)))
