;; An exception of the host is caught by catch_all, not by any tag, and the loop goes on.
(module
  (import "env" "fail" (func $fail (param i32) (result i32)))
  (tag $e (param i32))
  (func $f (param $x i32) (result i32) (i32.add (local.get $x) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (try
        (do
          (try
            (do (local.set $sum (i32.add (local.get $sum) (call $fail (local.get $n)))))
            (catch $e (drop) (local.set $sum (i32.const -1000)))))
        (catch_all (local.set $sum (i32.add (local.get $sum) (i32.const 100)))))
      (local.set $sum (call $f (local.get $sum)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
