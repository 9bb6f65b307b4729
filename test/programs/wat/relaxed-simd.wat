;; Relaxed vector instructions on operands for which every engine must give the same.
(module
  (func $f (param v128) (result v128) (f32x4.add (local.get 0) (f32x4.splat (f32.const 1))))
  (func (export "run") (param $n i32) (result i64)
    (local $v v128) (local $w v128)
    (local.set $w (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
    (loop $again
      (local.set $v
        (f32x4.relaxed_madd (call $f (local.get $v)) (v128.const f32x4 0.5 0.25 1 0.125) (v128.const f32x4 2 4 8 16)))
      (local.set $w (i8x16.relaxed_swizzle (local.get $w) (v128.const i8x16 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 0)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64x2.extract_lane 0 (v128.xor (i32x4.relaxed_trunc_f32x4_s (local.get $v)) (local.get $w)))))
