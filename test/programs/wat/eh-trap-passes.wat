;; A trap is no exception: catch_all must not see it.
(module
  (func $f (param $x i32) (result i32) (i32.div_s (i32.const 100) (local.get $x)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (try
        (do (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n)))))
        (catch_all (return (i32.const -1))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again))
    (local.get $sum)))
