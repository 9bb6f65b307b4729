;; The start function loops, calls and fills memory and a global; `run` reads what it left.
(module
  (memory 1)
  (global $count (mut i32) (i32.const 0))
  (func $write (param $at i32) (i32.store8 (local.get $at) (i32.mul (local.get $at) (i32.const 7))))
  (func $init
    (loop $again
      (call $write (global.get $count))
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (br_if $again (i32.lt_u (global.get $count) (i32.const 200)))))
  (start $init)
  (func (export "run") (param $n i32) (result i32 i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3)) (i32.load8_u (local.get $n))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)
    (global.get $count)))
