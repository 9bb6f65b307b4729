;; Vectors across safepoints; a result of the relaxed instructions is one of several.
(module
  (global $kept (mut v128) (v128.const i32x4 1 2 3 4))
  (func (export "add up") (param $x v128) (param $n i32) (result v128)
    (loop $next
      (local.set $x (i32x4.add (local.get $x) (global.get $kept)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func (export "least") (param v128 v128) (result v128) (f32x4.min (local.get 0) (local.get 1)))
  (func (export "swizzle") (param v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))

(assert_return
  (invoke "add up" (v128.const i64x2 0 0) (i32.const 5))
  (v128.const i32x4 5 10 15 20))
(assert_return
  (invoke "least" (v128.const f32x4 nan -0 1 2) (v128.const f32x4 0 0 -1 inf))
  (v128.const f32x4 nan:canonical -0 -1 2))
(assert_return
  (invoke "swizzle"
    (v128.const i8x16 9 8 7 6 5 4 3 2 1 0 0 0 0 0 0 0)
    (v128.const i8x16 0 16 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
  (either
    (v128.const i8x16 9 9 7 6 5 4 3 2 1 0 0 0 0 0 0 0)
    (v128.const i8x16 9 0 7 6 5 4 3 2 1 0 0 0 0 0 0 0)))
