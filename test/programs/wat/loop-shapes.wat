;; Loops of unusual shapes: two that start at the same place, several back edges, a back edge by br_table and out of an
;; `if`, one that never goes back, one that ends a function, one after code that can't be reached.
(module
  (func $count (param $x i32) (result i32) (i32.popcnt (local.get $x)))
  (func $same-start (param $n i32) (result i32)
    (local $sum i32)
    (loop $a
      (loop $b
        (loop $c
          (local.set $sum (i32.add (local.get $sum) (call $count (local.get $n))))
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (br_if $a (i32.eq (i32.and (local.get $n) (i32.const 3)) (i32.const 1)))
          (br_if $b (i32.eq (i32.and (local.get $n) (i32.const 3)) (i32.const 2)))
          (br_if $c (i32.gt_s (local.get $n) (i32.const 0))))))
    (local.get $sum))
  (func $by-table (param $n i32) (result i32)
    (local $sum i32)
    (block $out
      (loop $x
        (local.set $sum (i32.add (local.get $sum) (i32.const 1)))
        (loop $y
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (local.set $sum (i32.mul (local.get $sum) (i32.const 3)))
          (br_if $out (i32.lt_s (local.get $n) (i32.const 0)))
          (br_table $y $x $y $x (i32.and (local.get $n) (i32.const 7))))))
    (local.get $sum))
  (func $in-if (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (if (i32.gt_s (local.get $n) (i32.const 0))
        (then
          (local.set $n (i32.sub (local.get $n) (i32.const 1)))
          (block
            (br_if 0 (i32.and (local.get $n) (i32.const 1)))
            (local.set $sum (i32.add (local.get $sum) (local.get $n)))
            (br $again))
          (local.set $sum (i32.xor (local.get $sum) (call $count (local.get $sum))))
          (br $again))
        (else (return (local.get $sum)))))
    (unreachable))
  (func $never-back (param $n i32) (result i32)
    (loop $once (result i32) (i32.add (call $count (local.get $n)) (i32.const 40))))
  (func $last (param $n i32) (result i32)
    (block $in (br $in) (loop $dead (drop (call $count (i32.const 1))) (br $dead)))
    (loop $forever
      (if (i32.eqz (local.get $n)) (then (return (i32.const 99))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $forever))
    (unreachable))
  (func (export "run") (param $n i32) (result i32 i32 i32 i32 i32)
    (call $same-start (local.get $n))
    (call $by-table (local.get $n))
    (call $in-if (local.get $n))
    (call $never-back (local.get $n))
    (call $last (local.get $n))))
