;; A state machine: a switch in a loop, with calls in some cases, a case that falls through and one that leaves.
(module
  (func $step (param $x i32) (result i32) (i32.rotr (i32.mul (local.get $x) (i32.const 0x01000193)) (i32.const 5)))
  (func (export "run") (param $n i32) (result i32 i32)
    (local $state i32) (local $value i32) (local $steps i32)
    (local.set $value (i32.const 12345))
    (block $leave
      (loop $next
        (local.set $steps (i32.add (local.get $steps) (i32.const 1)))
        (block $default
          (block $three
            (block $two
              (block $one
                (block $zero
                  (br_table $zero $one $two $three $leave $default (local.get $state)))
                ;; 0: a call, then state 1
                (local.set $value (call $step (local.get $value)))
                (local.set $state (i32.const 1))
                (br $next))
              ;; 1: no call; chooses by the value
              (local.set $state (i32.add (i32.const 2) (i32.and (local.get $value) (i32.const 7))))
              (br $next))
            ;; 2: falls through to 3
            (local.set $value (i32.add (call $step (local.get $steps)) (local.get $value))))
          ;; 3
          (local.set $state (i32.const 0))
          (local.set $value (i32.xor (local.get $value) (i32.const 0x5bd1e995)))
          (br $next))
        ;; default: what state 1 chose at random; leaves after n steps
        (local.set $value (i32.sub (local.get $value) (local.get $state)))
        (local.set $state (i32.mul (i32.const 4) (i32.ge_s (local.get $steps) (local.get $n))))
        (br $next)))
    (local.get $value)
    (local.get $steps)))
