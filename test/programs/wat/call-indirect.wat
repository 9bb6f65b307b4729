;; Indirect calls of two types through one table, chosen by the loop counter; one entry recurses through the table.
(module
  (type $unary (func (param i32) (result i32)))
  (type $binary (func (param i32 i64) (result i64)))
  (table 6 funcref)
  (elem (i32.const 0) $double $square $down $negate $mix $spread)
  (func $double (type $unary) (i32.shl (local.get 0) (i32.const 1)))
  (func $square (type $unary) (i32.mul (local.get 0) (local.get 0)))
  (func $negate (type $unary) (i32.sub (i32.const 0) (local.get 0)))
  (func $down (type $unary)
    (if (result i32) (i32.le_s (local.get 0) (i32.const 0))
      (then (i32.const 5))
      (else
        (i32.add
          (call_indirect (type $unary)
            (i32.sub (local.get 0) (i32.const 9))
            (i32.rem_u (local.get 0) (i32.const 3)))
          (i32.const 1)))))
  (func $mix (type $binary) (i64.xor (i64.extend_i32_u (local.get 0)) (i64.mul (local.get 1) (i64.const 7))))
  (func $spread (type $binary)
    (i64.add
      (call_indirect (type $binary) (i32.add (local.get 0) (i32.const 1)) (local.get 1) (i32.const 4))
      (local.get 1)))
  (func (export "run") (param $n i32) (result i32 i64)
    (local $sum i32) (local $wide i64)
    (loop $again
      (local.set $sum
        (i32.add
          (i32.mul (local.get $sum) (i32.const 3))
          (call_indirect (type $unary) (local.get $n) (i32.and (local.get $n) (i32.const 3)))))
      (local.set $wide
        (call_indirect (type $binary)
          (local.get $sum)
          (local.get $wide)
          (i32.add (i32.const 4) (i32.and (local.get $n) (i32.const 1)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)
    (local.get $wide)))
