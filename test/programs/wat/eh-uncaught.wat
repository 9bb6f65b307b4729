;; An exception that nobody catches ends the call.
(module
  (tag $e (param i32))
  (func $f (param $x i32) (result i32)
    (if (i32.eqz (local.get $x)) (then (throw $e (i32.const 42))))
    (local.get $x))
  (func (export "run") (param $n i32)
    (loop $again
      (drop (call $f (local.get $n)))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again))))
