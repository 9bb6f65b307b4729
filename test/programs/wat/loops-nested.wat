;; Three loops inside each other, without any call: `continue` and `break` to every level.
(module
  (func (export "run") (param $n i32) (result i32 i32)
    (local $i i32) (local $j i32) (local $k i32) (local $sum i32) (local $turns i32)
    (block $all
      (loop $outer
        (br_if $all (i32.ge_s (local.get $i) (local.get $n)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (local.set $j (i32.const 0))
        (loop $middle
          (br_if $outer (i32.gt_s (local.get $j) (local.get $i)))
          (local.set $j (i32.add (local.get $j) (i32.const 1)))
          (local.set $k (i32.const 0))
          (block $inner-done
            (loop $inner
              (local.set $turns (i32.add (local.get $turns) (i32.const 1)))
              (local.set $k (i32.add (local.get $k) (i32.const 1)))
              (local.set $sum
                (i32.xor (i32.mul (local.get $sum) (i32.const 33)) (i32.add (local.get $j) (local.get $k))))
              (br_if $all (i32.gt_u (local.get $turns) (i32.const 100000)))
              (br_if $middle (i32.eqz (i32.and (local.get $sum) (i32.const 31))))
              (br_if $outer (i32.eqz (i32.and (local.get $sum) (i32.const 63))))
              (br_if $inner-done (i32.gt_s (local.get $k) (i32.const 6)))
              (br $inner)))
          (br $middle))))
    (local.get $sum)
    (local.get $turns)))
