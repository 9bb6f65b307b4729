/** Of a core module in text: memory, and an allocator that begins at 4096 again when a page is full. */
export const MEMORY_AND_REALLOC = `  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 4096))
  (func (export "realloc") (param i32 i32) (param $align i32) (param $bytes i32) (result i32)
    (local $at i32)
    (if (i32.gt_u (global.get $next) (i32.const 65536)) (then (global.set $next (i32.const 4096))))
    (local.set $at (i32.and
      (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $bytes)))
    (local.get $at))`;
