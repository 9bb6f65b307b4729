;; An exception with payload through recursion whose frames keep operands and whose handlers throw it on.
(module
  (tag $e (param i32 i64))
  (func $dive (param $depth i32) (param $wide i64) (result i64)
    (local $r exnref) (local $l i64)
    (if (i32.eqz (local.get $depth)) (then (throw $e (i32.const 17) (local.get $wide))))
    (block $h (result i32 i64 exnref)
      (return
        (i64.add
          (local.get $wide)
          (try_table (result i64) (catch_ref $e $h)
            (call $dive
              (i32.sub (local.get $depth) (i32.const 1))
              (i64.add (local.get $wide) (i64.const 3)))))))
    (local.set $r)
    (local.set $l)
    (if (i32.and (local.get $depth) (i32.const 1)) (then (throw_ref (local.get $r))))
    (drop)
    (throw $e (local.get $depth) (i64.mul (local.get $l) (i64.const 5))))
  (func (export "run") (param $n i32) (result i32 i64)
    (local $a i32) (local $b i64)
    (loop $loop
      (block $h (result i32 i64)
        (i32.const -1)
        (try_table (result i64) (catch $e $h) (call $dive (local.get $n) (i64.const 1))))
      (local.set $b (i64.xor (local.get $b)))
      (local.set $a (i32.add (local.get $a)))
      (br_if $loop (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a)
    (local.get $b)))
