;; Integer arithmetic of both widths in a long chain without calls, then with a call in the middle of the chain.
(module
  (func $f (param i64) (result i64) (i64.sub (i64.const 0) (local.get 0)))
  (func (export "run") (param $n i32) (result i32 i64)
    (local $x i32) (local $y i64)
    (local.set $x (i32.const 0x12345678))
    (local.set $y (i64.const 0x0fedcba987654321))
    (loop $again
      (local.set $x (i32.sub (i32.mul (local.get $x) (i32.const 0x41c64e6d)) (i32.const 0x3039)))
      (local.set $x (i32.xor (local.get $x) (i32.shr_u (local.get $x) (i32.clz (i32.or (local.get $n) (i32.const 1))))))
      (local.set $x (i32.add (local.get $x) (i32.shl (i32.ctz (local.get $x)) (i32.popcnt (local.get $x)))))
      (local.set $x (i32.add (local.get $x) (i32.rem_s (local.get $x) (i32.const 1000))))
      (local.set $x (i32.xor (i32.div_u (local.get $x) (i32.const 3)) (i32.shr_s (local.get $x) (i32.const 7))))
      (local.set $y
        (i64.add
          (i64.mul (i64.extend_i32_s (local.get $x)) (i64.const 0x5851f42d4c957f2d))
          (i64.xor (call $f (local.get $y)) (i64.div_s (local.get $y) (i64.const -7)))))
      (local.set $y (i64.rotr (local.get $y) (i64.popcnt (local.get $y))))
      (local.set $y
        (i64.sub
          (i64.and (local.get $y) (i64.const 0x7fffffffffffffff))
          (i64.rem_u (i64.shr_u (local.get $y) (i64.ctz (local.get $y))) (i64.const 10007))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x)
    (i64.add (local.get $y) (i64.clz (local.get $y)))))
