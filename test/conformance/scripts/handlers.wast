;; Exceptions: thrown out of loops, caught around safepoints, passed on to the caller.
(module
  (tag $drop (export "drop") (param i32 f64))
  (tag $other)
  (func $fall (param $n i32)
    (loop $next
      (if (i32.eqz (local.get $n)) (then (throw $drop (i32.const 41) (f64.const 0.5))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $next)))
  (func (export "caught") (param i32) (result i32 f64)
    (block $handler (result i32 f64)
      (try_table (result i32 f64) (catch $drop $handler)
        (call $fall (local.get 0))
        (i32.const 0) (f64.const 0))))
  (func (export "any") (param i32) (result i32)
    (block $handler
      (try_table (catch $other $handler) (catch_all $handler) (call $fall (local.get 0)))
      (return (i32.const 0)))
    (loop $turn (br_if $turn (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1)))))
    (i32.const 1))
  (func (export "out") (param i32) (call $fall (local.get 0))))

(assert_return (invoke "caught" (i32.const 5)) (i32.const 41) (f64.const 0.5))
(assert_return (invoke "any" (i32.const 9)) (i32.const 1))
(assert_exception (invoke "out" (i32.const 3)))
(assert_return (invoke "caught" (i32.const 0)) (i32.const 41) (f64.const 0.5))
