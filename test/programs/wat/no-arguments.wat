;; `run` without parameters, with a start value in memory, calling functions without parameters or results.
(module
  (memory 1)
  (data (i32.const 4) "\0a\00\00\00")
  (func $step (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.load (i32.const 4)))))
  (func $twice (call $step) (call $step))
  (func (export "run") (result i32)
    (local $n i32)
    (local.set $n (i32.const 25))
    (loop $again
      (call $twice)
      (nop)
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (i32.const 8))))
