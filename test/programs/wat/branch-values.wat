;; br, br_if, br_table and return that carry values past other values, out of loops and out of calls' argument lists.
(module
  (func $f (param $x i32) (result i32) (i32.add (local.get $x) (i32.const 1)))
  (func $search (param $n i32) (result i32 i64)
    (local $i i32)
    (i32.const 111) (i64.const 222)
    (loop $again
      (i64.const 5)
      (i32.const 6)
      (if (i32.eq (local.tee $i (call $f (local.get $i))) (local.get $n))
        (then (f64.const 1) (return (local.get $i) (i64.const 7))))
      (drop) (drop)
      (br_if $again (i32.lt_s (local.get $i) (i32.const 15)))))
  (func $escape (param $n i32) (result i32)
    (block $out (result i32)
      (i32.add
        (call $f (i32.const 10))
        (call $f
          (block $inner (result i32)
            (drop (br_if $out (call $f (local.get $n)) (i32.and (local.get $n) (i32.const 1))))
            (br_table $inner $out $inner (call $f (i32.const 20)) (i32.shr_u (local.get $n) (i32.const 1))))))))
  (func (export "run") (param $n i32) (result i64)
    (local $sum i64)
    (loop $again
      (call $search (local.get $n))
      (local.set $sum (i64.add (local.get $sum)))
      (i64.extend_i32_s) (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 5))))
      (local.set $sum (i64.xor (local.get $sum) (i64.extend_i32_s (call $escape (local.get $n)))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
