;; Arguments that are calls whose arguments are calls: every call waits over a partly built argument list.
(module
  (func $three (param i32 i32 i32) (result i32)
    (i32.add (i32.mul (local.get 0) (i32.const 5)) (i32.sub (local.get 1) (i32.mul (local.get 2) (i32.const 3)))))
  (func $one (param i32) (result i32) (i32.xor (local.get 0) (i32.const 0x55)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum
        (call $three
          (call $one (local.get $n))
          (call $three
            (local.get $sum)
            (call $one (call $one (i32.add (local.get $n) (i32.const 7))))
            (call $three (i32.const 1) (call $one (local.get $sum)) (i32.const 2)))
          (call $three (call $one (i32.const 3)) (local.get $n) (call $one (i32.const 4)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
