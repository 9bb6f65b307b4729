;; Structures and arrays.
(module
  (rec (type $list (struct (field $value i32) (field $rest (ref null $list)))))
  (type $bytes (array (mut i8)))
  (func (export "length") (param $n i32) (result i32) (local $list (ref null $list)) (local $count i32)
    (loop $push
      (local.set $list (struct.new $list (local.get $n) (local.get $list)))
      (br_if $push (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $pop
      (local.set $count (i32.add (local.get $count) (struct.get $list $value (local.get $list))))
      (br_if $pop (i32.eqz (ref.is_null (local.tee $list (struct.get $list $rest (local.get $list)))))))
    (local.get $count))
  (func (export "byte") (param i32) (result i32)
    (array.get_s $bytes (array.new $bytes (i32.const 0x80) (i32.const 4)) (local.get 0)))
  (func (export "small") (param i32) (result anyref) (ref.i31 (local.get 0)))
  (func (export "cast") (param anyref) (result i32) (i31.get_u (ref.cast (ref i31) (local.get 0)))))

(assert_return (invoke "length" (i32.const 6)) (i32.const 21))
(assert_return (invoke "byte" (i32.const 3)) (i32.const -128))
(assert_trap (invoke "byte" (i32.const 4)) "out of bounds array access")
(assert_return (invoke "small" (i32.const 1)) (ref.i31))
(assert_trap (invoke "cast" (ref.null any)) "cast failure")
(assert_trap (invoke "cast" (ref.host 1)) "cast failure")
