;; A memory with 64-bit addresses.
(module
  (memory i64 1 4)
  (data (i64.const 8) "sixty-four bits")
  (func $next (param i64) (result i64) (i64.and (i64.add (i64.mul (local.get 0) (i64.const 13)) (i64.const 7)) (i64.const 0xfff8)))
  (func (export "run") (param $n i32) (result i64 i64)
    (local $at i64) (local $sum i64)
    (loop $again
      (i64.store (local.tee $at (call $next (local.get $at))) (i64.extend_i32_u (local.get $n)))
      (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 3)) (i64.load8_u (i64.add (i64.extend_i32_u (i32.and (local.get $n) (i32.const 15))) (i64.const 8)))))
      (memory.copy (i64.const 100) (local.get $at) (i64.const 8))
      (if (i32.eq (local.get $n) (i32.const 6)) (then (local.set $sum (i64.add (local.get $sum) (memory.grow (i64.const 2))))))
      (local.set $sum (i64.xor (local.get $sum) (call $next (i64.load offset=4 (i64.const 96)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)
    (memory.size)))
