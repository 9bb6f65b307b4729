;; Modules that share functions, globals, tables and memories.
(module $lake
  (memory (export "memory") 1)
  (table (export "table") 4 funcref)
  (global $level (export "level") (mut i32) (i32.const 3))
  (func (export "rise") (param i32) (result i32)
    (global.set $level (i32.add (global.get $level) (local.get 0)))
    (i32.store (i32.const 0) (global.get $level))
    (global.get $level)))
(register "lake" $lake)

(module $river
  (import "lake" "memory" (memory 1))
  (import "lake" "table" (table 4 funcref))
  (import "lake" "level" (global $level (mut i32)))
  (import "lake" "rise" (func $rise (param i32) (result i32)))
  (elem (i32.const 1) $rise)
  (func (export "flow") (param $n i32) (result i32)
    (loop $next
      (drop (call $rise (local.get $n)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.load (i32.const 0)))
  (func (export "seen") (result i32) (global.get $level)))

(assert_return (invoke $river "flow" (i32.const 4)) (i32.const 13))
(assert_return (invoke $lake "rise" (i32.const 2)) (i32.const 15))
(assert_return (invoke $river "seen") (i32.const 15))
(assert_return (get $lake "level") (i32.const 15))
(assert_unlinkable (module (import "lake" "rise" (func (param i64)))) "incompatible import type")
(assert_unlinkable (module (import "lake" "fall" (func))) "unknown import")

(module definition $pool (global (export "count") (mut i32) (i32.const 1)))
(module instance $one $pool)
(module instance $two $pool)
(assert_return (get $one "count") (i32.const 1))
(assert_return (get $two "count") (i32.const 1))
