;; After data.drop, memory.init of one byte traps, whenever the stop was.
(module
  (memory 1)
  (data $once "x")
  (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $i i32)
    (memory.init $once (i32.const 0) (i32.const 0) (i32.const 1))
    (data.drop $once)
    (loop $again (br_if $again (i32.lt_u (local.tee $i (call $f (local.get $i))) (local.get $n))))
    (memory.init $once (i32.const 0) (i32.const 0) (i32.const 1))
    (i32.const 1)))
