;; Direct calls four levels deep inside loops; each level needs its own locals after the call.
(module
  (func $leaf (param $x i32) (result i32)
    (i32.xor (i32.mul (local.get $x) (i32.const 31)) (i32.const 7)))
  (func $third (param $x i32) (param $y i64) (result i64)
    (local $kept i64)
    (local.set $kept (i64.mul (local.get $y) (i64.const 3)))
    (i64.add (i64.extend_i32_s (call $leaf (local.get $x))) (local.get $kept)))
  (func $second (param $x i32) (result i64)
    (local $i i32) (local $sum i64)
    (loop $again
      (local.set $sum
        (i64.add (local.get $sum) (call $third (i32.add (local.get $x) (local.get $i)) (local.get $sum))))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_s (local.get $i) (i32.const 3))))
    (local.get $sum))
  (func $first (param $x i32) (result i32)
    (local $before i32)
    (local.set $before (i32.add (local.get $x) (i32.const 100)))
    (i32.add (i32.wrap_i64 (call $second (local.get $x))) (local.get $before)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $n)))
        (local.set $sum (i32.add (i32.rotl (local.get $sum) (i32.const 1)) (call $first (local.get $n))))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (br $again)))
    (local.get $sum)))
