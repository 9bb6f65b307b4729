;; Grows memory page by page up to its maximum and beyond; writes to every page; old pages must keep what they hold.
(module
  (memory 1 6)
  (func $grow (param $pages i32) (result i32) (memory.grow (local.get $pages)))
  (func (export "run") (param $n i32) (result i32 i32 i32)
    (local $i i32) (local $sum i32) (local $refused i32)
    (loop $again
      (i32.store
        (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536))
        (i32.add (local.get $sum) (i32.const 1)))
      (if (i32.eq (call $grow (i32.const 1)) (i32.const -1))
        (then (local.set $refused (i32.add (local.get $refused) (i32.const 1))))
        (else (local.set $sum (i32.add (local.get $sum) (memory.size)))))
      (drop (memory.grow (i32.const 0)))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (i32.add
      (i32.add (i32.load (i32.const 0)) (i32.load (i32.const 65536)))
      (i32.add (i32.load (i32.const 131072)) (i32.load (i32.const 327680))))
    (memory.size)
    (local.get $refused)))
