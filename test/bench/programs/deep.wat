;; Recurses to a depth, then loops until the host sets a word in memory: the innermost frame of a stack that a stop takes.
(module
  (memory (export "memory") 2 16385)
  (func $down (param $left i32) (param $sum i64) (result i64)
    (if (i32.eqz (local.get $left))
      (then
        (loop $wait
          (br_if $wait (i32.ne (i32.load (i32.const 0)) (i32.const 1))))
        (return (local.get $sum))))
    (i64.add
      (call $down (i32.sub (local.get $left) (i32.const 1)) (i64.add (local.get $sum) (i64.extend_i32_u (local.get $left))))
      (i64.extend_i32_u (local.get $left))))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "run") (param i32) (result i64) (call $down (local.get 0) (i64.const 0))))
