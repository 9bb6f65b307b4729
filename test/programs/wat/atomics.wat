;; Atomic instructions on a memory that is not shared.
(module
  (memory 1)
  (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
  (func (export "run") (param $n i32) (result i32 i64)
    (local $sum i32)
    (loop $again
      (local.set $sum
        (i32.add
          (local.get $sum)
          (i32.atomic.rmw.add (i32.const 16) (call $f (local.get $n)))))
      (drop (i64.atomic.rmw.xor (i32.const 24) (i64.extend_i32_u (local.get $sum))))
      (drop (i32.atomic.rmw8.cmpxchg_u (i32.const 33) (i32.const 0) (local.get $n)))
      (i32.atomic.store16 (i32.const 40) (call $f (local.get $sum)))
      (atomic.fence)
      (local.set $sum (i32.add (local.get $sum) (memory.atomic.notify (i32.const 16) (i32.const 1))))
      (local.set $sum (i32.xor (local.get $sum) (i32.atomic.load16_u (i32.const 40))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $sum) (i32.load8_u (i32.const 33)))
    (i64.atomic.load (i32.const 24))))
