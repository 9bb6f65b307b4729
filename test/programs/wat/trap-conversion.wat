;; A float that grows until it fits no integer.
(module
  (func $f (param f32) (result i32) (i32.trunc_f32_s (local.get 0)))
  (func (export "run") (param $x f32) (result i32)
    (loop $again (drop (call $f (local.tee $x (f32.mul (local.get $x) (f32.const 2))))) (br $again))
    (unreachable)))
