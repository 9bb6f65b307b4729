;; An indirect call of a function of another type.
(module
  (table funcref (elem $ok $ok $ok $other))
  (func $ok (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $other (param i64))
  (func (export "run") (param $n i32) (result i32)
    (loop $again
      (local.set $n (call_indirect (param i32) (result i32) (local.get $n) (local.get $n)))
      (br $again))
    (local.get $n)))
