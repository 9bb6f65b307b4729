;; A cast that fails after some that don't.
(module
  (type $a (sub (struct (field i32))))
  (type $b (sub $a (struct (field i32) (field i32))))
  (func $make (param $n i32) (result (ref $a))
    (if (local.get $n) (then (return (struct.new $b (local.get $n) (i32.const 1)))))
    (struct.new $a (i32.const 0)))
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (struct.get $b 0 (ref.cast (ref $b) (call $make (local.get $n))))))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (br $again))
    (local.get $sum)))
