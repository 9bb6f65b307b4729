;; A chain of tail calls through references kept in a table.
(module
  (type $f (func (param i32 i64) (result i64)))
  (table $t 2 (ref null $f))
  (elem (table $t) (i32.const 0) (ref null $f) (ref.func $even) (ref.func $odd))
  (func $even (type $f)
    (if (i32.eqz (local.get 0)) (then (return (local.get 1))))
    (return_call_ref $f
      (i32.sub (local.get 0) (i32.const 1))
      (i64.mul (local.get 1) (i64.const 3))
      (table.get $t (i32.const 1))))
  (func $odd (type $f)
    (return_call_ref $f
      (i32.sub (local.get 0) (i32.const 1))
      (i64.add (local.get 1) (i64.const 1))
      (table.get $t (i32.const 0))))
  (func (export "run") (param $n i32) (result i64)
    (i64.add
      (call $even (local.get $n) (i64.const 1))
      (call_ref $f (local.get $n) (i64.const 2) (ref.func $even)))))
