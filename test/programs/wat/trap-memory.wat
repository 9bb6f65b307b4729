;; Walks off the end of memory.
(module
  (memory 1)
  (func $touch (param i32) (i32.store (local.get 0) (i32.const 1)))
  (func (export "run") (param $step i32)
    (local $at i32)
    (loop $again (call $touch (local.get $at)) (local.set $at (i32.add (local.get $at) (local.get $step))) (br $again))))
