;; Walks off the end of a list.
(module
  (type $node (struct (field $next (ref null $node)) (field $value i32)))
  (func $f (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "run") (param $n i32) (result i32)
    (local $list (ref null $node)) (local $sum i32)
    (loop $build
      (local.set $list (struct.new $node (local.get $list) (call $f (local.get $n))))
      (br_if $build (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $walk
      (local.set $sum (i32.add (local.get $sum) (call $f (struct.get $node $value (local.get $list)))))
      (local.set $list (struct.get $node $next (local.get $list)))
      (br $walk))
    (local.get $sum)))
