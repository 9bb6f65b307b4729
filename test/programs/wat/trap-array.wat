;; Walks off the end of an array.
(module
  (type $bytes (array (mut i8)))
  (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $a (ref $bytes)) (local $i i32)
    (local.set $a (array.new $bytes (i32.const 1) (local.get $n)))
    (loop $walk
      (array.set $bytes (local.get $a) (local.get $i) (call $f (local.get $i)))
      (local.set $i (call $f (local.get $i)))
      (br $walk))
    (local.get $i)))
