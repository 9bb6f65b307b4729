;; Many objects: a list of nodes, one of immutable nodes, arrays of boxes and of numbers; `build` makes them, `total` walks them.
(module
  (type $node (struct (field $value i32) (field $next (mut (ref null $node)))))
  (type $link (struct (field $value i64) (field $rest (ref null $link))))
  (type $box (struct (field $value (mut f64))))
  (type $boxes (array (mut (ref null $box))))
  (type $numbers (array (mut i64)))
  (global $list (mut (ref null $node)) (ref.null $node))
  (global $last (mut (ref null $node)) (ref.null $node))
  (global $links (mut (ref null $link)) (ref.null $link))
  (global $boxes (mut (ref null $boxes)) (ref.null $boxes))
  (global $numbers (mut (ref null $numbers)) (ref.null $numbers))
  ;; at the end of the list, so that it is walked in the order in which it was made
  (func $append (param $value i32)
    (local $node (ref $node))
    (local.set $node (struct.new $node (local.get $value) (ref.null $node)))
    (if (ref.is_null (global.get $list))
      (then (global.set $list (local.get $node)))
      (else (struct.set $node $next (global.get $last) (local.get $node))))
    (global.set $last (local.get $node)))
  (func (export "list") (param $n i32)
    (loop $again
      (call $append (local.get $n))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "links") (param $n i32)
    (loop $again
      (global.set $links (struct.new $link (i64.extend_i32_s (local.get $n)) (global.get $links)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func (export "boxes") (param $n i32)
    (local $i i32)
    (global.set $boxes (array.new_default $boxes (local.get $n)))
    (loop $again
      (array.set $boxes (global.get $boxes) (local.get $i) (struct.new $box (f64.convert_i32_s (local.get $i))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
  (func (export "numbers") (param $n i32)
    (local $i i32)
    (global.set $numbers (array.new_default $numbers (local.get $n)))
    (loop $again
      (array.set $numbers (global.get $numbers) (local.get $i) (i64.mul (i64.extend_i32_s (local.get $i)) (i64.const 0x123456789)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n)))))
  (func (export "total") (result i64)
    (local $node (ref null $node)) (local $link (ref null $link)) (local $sum i64) (local $i i32)
    (local.set $node (global.get $list))
    (local.set $link (global.get $links))
    (block $end (loop $again
      (br_if $end (ref.is_null (local.get $node)))
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 3)) (i64.extend_i32_s (struct.get $node $value (local.get $node)))))
      (local.set $node (struct.get $node $next (local.get $node)))
      (br $again)))
    (block $end (loop $again
      (br_if $end (ref.is_null (local.get $link)))
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 3)) (struct.get $link $value (local.get $link))))
      (local.set $link (struct.get $link $rest (local.get $link)))
      (br $again)))
    (if (i32.eqz (ref.is_null (global.get $boxes))) (then
      (block $end (loop $again
        (br_if $end (i32.ge_u (local.get $i) (array.len (global.get $boxes))))
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 3))
          (i64.reinterpret_f64 (struct.get $box $value (array.get $boxes (global.get $boxes) (local.get $i))))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $again)))))
    (local.set $i (i32.const 0))
    (if (i32.eqz (ref.is_null (global.get $numbers))) (then
      (block $end (loop $again
        (br_if $end (i32.ge_u (local.get $i) (array.len (global.get $numbers))))
        (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 3)) (array.get $numbers (global.get $numbers) (local.get $i))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $again)))))
    (local.get $sum))
  (export "run" (func $run))
  (func $run (param $n i32) (result i64)
    (loop $again
      (call $append (local.get $n))
      (global.set $links (struct.new $link (i64.extend_i32_s (local.get $n)) (global.get $links)))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.add
      (i64.extend_i32_s (struct.get $node $value (struct.get $node $next (global.get $list))))
      (struct.get $link $value (struct.get $link $rest (global.get $links))))))
