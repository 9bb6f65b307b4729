;; A host call at the bottom of a recursion whose frames all hold operands.
(module
  (import "env" "tick" (func $tick (param i32) (result i32)))
  (func $down (param $depth i32) (result i32)
    (local $kept i64)
    (local.set $kept (i64.extend_i32_s (i32.mul (local.get $depth) (i32.const 1001))))
    (if (i32.eqz (local.get $depth)) (then (return (call $tick (i32.const 3)))))
    (i32.xor
      (i32.mul (local.get $depth) (i32.const 9))
      (i32.add
        (call $down (i32.sub (local.get $depth) (i32.const 1)))
        (call $tick (i32.wrap_i64 (local.get $kept))))))
  (func (export "run") (param $n i32) (result i32)
    (i32.add (call $down (local.get $n)) (call $down (i32.shr_u (local.get $n) (i32.const 1))))))
