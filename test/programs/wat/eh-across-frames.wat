;; An exception that leaves many frames, some with operands, some with handlers for other tags, some of recursion.
(module
  (tag $up (param i32 i64 f32 f64))
  (tag $other)
  (func $dive (param $depth i32) (result i32)
    (if (i32.eqz (local.get $depth))
      (then (throw $up (i32.const 7) (i64.const -8) (f32.const 9.5) (f64.const -10.25))))
    (i32.add
      (local.get $depth)
      (try (result i32)
        (do (call $dive (i32.sub (local.get $depth) (i32.const 1))))
        (catch $other (i32.const 1)))))
  (func (export "run") (param $n i32) (result i32 i64 f32 f64)
    (local $a i32) (local $b i64) (local $c f32) (local $d f64)
    (loop $again
      (try (result i32 i64 f32 f64)
        (do (call $dive (local.get $n)) (i64.const 0) (f32.const 0) (f64.const 0))
        (catch $up))
      (local.set $d (f64.add (local.get $d)))
      (local.set $c (f32.add (local.get $c)))
      (local.set $b (i64.add (local.get $b)))
      (local.set $a (i32.add (local.get $a)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $a) (local.get $b) (local.get $c) (local.get $d)))
