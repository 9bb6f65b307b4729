;; The smallest loops: a counter alone, a scan over memory, a checksum. No calls, nothing to wait for.
(module
  (memory 1)
  (data (i32.const 0) "rain falls on small machines and runs down wires to the sea; then it rises")
  (func (export "run") (param $n i32) (result i32 i32 i32)
    (local $i i32) (local $at i32) (local $sum i32)
    (local.set $i (local.get $n))
    (loop $count (br_if $count (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (loop $scan
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $scan (i32.ne (i32.load8_u (local.get $at)) (i32.const 59))))
    (local.set $sum (i32.const -1))
    (loop $sum-up
      (local.set $sum
        (i32.xor
          (i32.rotl (local.get $sum) (i32.const 5))
          (i32.load8_u (i32.rem_u (local.get $i) (i32.const 75)))))
      (br_if $sum-up (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $i)
    (local.get $at)
    (local.get $sum)))
