;; Tail calls between functions with different numbers of parameters: a chain far longer than any stack.
(module
  (func $count (param $n i32) (param $sum i32) (result i32)
    (if (i32.eqz (local.get $n)) (then (return (local.get $sum))))
    (return_call $three (local.get $n) (local.get $sum) (i64.const 3)))
  (func $three (param $n i32) (param $sum i32) (param $k i64) (result i32)
    (return_call $count
      (i32.sub (local.get $n) (i32.const 1))
      (i32.add (i32.mul (local.get $sum) (i32.wrap_i64 (local.get $k))) (local.get $n))))
  (func (export "run") (param $n i32) (result i32 i32)
    (call $count (local.get $n) (i32.const 0))
    (call $count (i32.const 7) (i32.const 1))))
