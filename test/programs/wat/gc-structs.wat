;; A linked list and a tree of structs: built, walked, changed and recursed into, with references in locals, globals and on
;; the stack over calls. Some nodes are shared, and one list is a ring.
(module
  (rec
    (type $node (struct (field $value (mut i32)) (field $next (mut (ref null $node)))))
    (type $tree (struct (field $left (ref null $tree)) (field $key i64) (field $right (ref null $tree)))))
  (global $ring (mut (ref null $node)) (ref.null $node))
  (func $cons (param $value i32) (param $next (ref null $node)) (result (ref $node))
    (struct.new $node (local.get $value) (local.get $next)))
  (func $sum (param $list (ref null $node)) (param $limit i32) (result i32)
    (local $sum i32)
    (block $end
      (loop $again
        (br_if $end (ref.is_null (local.get $list)))
        (br_if $end (i32.eqz (local.get $limit)))
        (local.set $limit (i32.sub (local.get $limit) (i32.const 1)))
        (local.set $sum (i32.add (i32.mul (local.get $sum) (i32.const 3)) (struct.get $node $value (local.get $list))))
        (local.set $list (struct.get $node $next (local.get $list)))
        (br $again)))
    (local.get $sum))
  (func $grow (param $depth i32) (param $key i64) (result (ref null $tree))
    (if (i32.eqz (local.get $depth)) (then (return (ref.null $tree))))
    (struct.new $tree
      (call $grow (i32.sub (local.get $depth) (i32.const 1)) (i64.mul (local.get $key) (i64.const 2)))
      (local.get $key)
      (call $grow (i32.sub (local.get $depth) (i32.const 1)) (i64.add (local.get $key) (i64.const 5)))))
  (func $total (param $t (ref null $tree)) (result i64)
    (if (ref.is_null (local.get $t)) (then (return (i64.const 1))))
    (i64.add
      (i64.mul (call $total (struct.get $tree $left (local.get $t))) (struct.get $tree $key (local.get $t)))
      (call $total (struct.get $tree $right (local.get $t)))))
  (func (export "run") (param $n i32) (result i32 i64 i32)
    (local $list (ref null $node)) (local $first (ref null $node)) (local $sum i32) (local $same i32)
    (loop $again
      (local.set $list (call $cons (local.get $n) (local.get $list)))
      (if (ref.is_null (local.get $first)) (then (local.set $first (local.get $list))))
      (if (i32.eq (local.get $n) (i32.const 7)) (then (global.set $ring (local.get $list))))
      (local.get $list)
      (local.set $sum (i32.xor (local.get $sum) (call $sum (local.get $list) (i32.const 10))))
      (ref.eq (local.get $first))
      (local.set $same (i32.add (local.get $same)))
      (struct.set $node $value (local.get $first) (i32.add (local.get $sum) (i32.const 1)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (struct.set $node $next (local.get $first) (global.get $ring))
    (i32.add (call $sum (global.get $ring) (i32.const 60)) (local.get $sum))
    (call $total (call $grow (i32.const 4) (i64.const 3)))
    (local.get $same)))
