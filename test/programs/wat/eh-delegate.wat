;; delegate to an outer handler past an inner one, and to the caller.
(module
  (tag $e (param i32))
  (func $f (param $x i32) (result i32) (i32.add (local.get $x) (i32.const 1)))
  (func $maybe (param $x i32) (result i32)
    (if (i32.and (local.get $x) (i32.const 1)) (then (throw $e (call $f (local.get $x)))))
    (call $f (local.get $x)))
  (func $past (param $x i32) (result i32)
    (try $outer (result i32)
      (do
        (try (result i32)
          (do
            (try (result i32)
              (do (i32.mul (call $maybe (local.get $x)) (call $maybe (i32.const 6))))
              (delegate $outer)))
          (catch $e (drop) (i32.const -1))))
      (catch $e (i32.mul (call $f) (i32.const 100)))))
  (func $out (param $x i32) (result i32)
    (try (result i32)
      (do
        (try (result i32)
          (do (call $maybe (local.get $x)))
          (delegate 1)))
      (catch_all (i32.const -2))))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $past (local.get $n))))
      (try
        (do (local.set $sum (i32.xor (local.get $sum) (call $out (local.get $n)))))
        (catch $e (local.set $sum (i32.add (local.get $sum)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
