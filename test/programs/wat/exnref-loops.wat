;; try_table that branches straight to a loop header, with loops in its body.
(module
  (tag $next)
  (tag $value (param i32))
  (func $step (param $x i32) (result i32)
    (if (i32.eq (i32.and (local.get $x) (i32.const 7)) (i32.const 3)) (then (throw $next)))
    (if (i32.eq (i32.and (local.get $x) (i32.const 31)) (i32.const 12)) (then (throw $value (local.get $x))))
    (i32.add (local.get $x) (i32.const 2)))
  (func (export "run") (param $n i32) (result i32 i32)
    (local $sum i32) (local $i i32)
    (block $out
      (loop $outer
        (br_if $out (i32.le_s (local.get $n) (i32.const 0)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (local.set $i (i32.const 5))
        (block $got (result i32)
          (try_table (catch $next $outer) (catch $value $got)
            (loop $inner
              (local.set $sum (i32.add (local.get $sum) (call $step (i32.add (local.get $n) (local.get $i)))))
              (br_if $inner (local.tee $i (i32.sub (local.get $i) (i32.const 1))))))
          (br $outer))
        (i32.add (local.get $sum))
        (local.set $sum (i32.mul (i32.const 3)))
        (br $outer)))
    (local.get $sum)
    (local.get $i)))
