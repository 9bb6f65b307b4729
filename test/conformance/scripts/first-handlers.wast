;; Handlers in the form that came first.
(module
  (tag $wet (param i32))
  (func $throw (param i32) (loop (nop)) (throw $wet (local.get 0)))
  (func (export "again") (param i32) (result i32)
    (try (result i32)
      (do
        (try (result i32)
          (do (call $throw (local.get 0)) (i32.const 0))
          (catch $wet
            (drop)
            (loop $turn (br_if $turn (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (rethrow 0))))
      (catch $wet (i32.add (i32.const 100)))
      (catch_all (i32.const -1)))))

(assert_return (invoke "again" (i32.const 6)) (i32.const 106))
