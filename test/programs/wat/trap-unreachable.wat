;; Traps after a loop, four frames deep.
(module
  (func $boom (param i32) (result i32) (if (i32.gt_u (local.get 0) (i32.const 2)) (then (unreachable))) (i32.const 1))
  (func $c (param i32) (result i32) (i32.add (call $boom (local.get 0)) (i32.const 1)))
  (func $b (param i32) (result i32)
    (local $i i32)
    (loop $again (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (call $c (i32.const 1)))) (local.get 0))))
    (call $c (local.get $i)))
  (func (export "run") (param i32) (result i32) (call $b (local.get 0))))
