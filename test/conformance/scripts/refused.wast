;; What is no module, and what does not validate; what a start function does.
(assert_malformed (module binary "\00asm\02\00\00\00") "unknown binary version")
(assert_malformed (module binary "\00asm\01\00\00\00\01\7f") "unexpected end")
(assert_malformed (module quote "(func (i32.cost 1))") "unknown operator")
(assert_invalid (module (func (result i32) (i64.const 1))) "type mismatch")
(assert_invalid (module (func (drop (i32.load (i32.const 0))))) "unknown memory")
(assert_invalid (module (func (local.set 0 (i32.const 1)))) "unknown local")

(module
  (global $ready (export "ready") (mut i32) (i32.const 0))
  (func $begin (local $n i32)
    (local.set $n (i32.const 5))
    (loop $next
      (global.set $ready (i32.add (global.get $ready) (local.get $n)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (start $begin))
(assert_return (get "ready") (i32.const 15))
(assert_trap (module (func $never (unreachable)) (start $never)) "unreachable")
