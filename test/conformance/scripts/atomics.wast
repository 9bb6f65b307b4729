;; A memory that threads may share: it runs, and stays where it is.
(module
  (memory 1 2 shared)
  (func (export "count") (param $n i32) (result i32)
    (loop $next
      (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 3)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.atomic.load (i32.const 8)))
  (func (export "wake") (result i32) (atomic.fence) (memory.atomic.notify (i32.const 0) (i32.const 1)))
  (func (export "odd") (result i64) (i64.atomic.load (i32.const 4))))

(assert_return (invoke "count" (i32.const 10)) (i32.const 30))
(assert_return (invoke "wake") (i32.const 0))
(assert_trap (invoke "odd") "unaligned atomic")
