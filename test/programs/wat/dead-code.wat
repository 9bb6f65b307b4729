;; Code that can never run, after br, return, br_table and unreachable, with calls and loops in it; and functions that end
;; in such code.
(module
  (func $f (param $x i32) (result i32) (i32.mul (local.get $x) (i32.const 3)))
  (func $after-return (param $x i32) (result i32)
    (return (call $f (local.get $x)))
    (drop (call $f))
    (loop $dead (call $f (i32.const 4)) (br $dead))
    (i32.add))
  (func $after-br (param $x i32) (result i32)
    (local $y i64)
    (block $out (result i32)
      (br $out (call $f (local.get $x)))
      (i64.add)
      (local.set $y)
      (select)
      (call $f)
      (block (result i32) (unreachable) (call $f))
      (if (result i32) (then (call $f (i32.const 1))) (else (unreachable)))
      (i32.add)))
  (func $after-table (param $x i32) (result i32)
    (block $a
      (block $b
        (br_table $a $b (i32.and (local.get $x) (i32.const 1)))
        (call $f)
        (drop))
      (return (i32.add (call $f (local.get $x)) (i32.const 1))))
    (call $f (i32.add (local.get $x) (i32.const 2))))
  (func $one-arm (param $x i32) (result i32)
    (if (result i32) (i32.ge_s (local.get $x) (i32.const 0))
      (then (call $f (local.get $x)))
      (else (unreachable) (i32.add) (call $f))))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum
        (i32.add
          (i32.mul (local.get $sum) (i32.const 7))
          (i32.add
            (i32.add (call $after-return (local.get $n)) (call $after-br (local.get $sum)))
            (i32.add (call $after-table (local.get $n)) (call $one-arm (local.get $n))))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
