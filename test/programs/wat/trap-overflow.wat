;; The least integer divided by -1.
(module
  (func $f (param i64 i64) (result i64) (i64.div_s (local.get 0) (local.get 1)))
  (func (export "run") (param $n i32) (result i64)
    (loop $again (br_if $again (i64.ne (call $f (i64.const 9) (i64.const 3)) (i64.extend_i32_s (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (call $f (i64.const 0x8000000000000000) (i64.const -1))))
