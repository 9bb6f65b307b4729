/** A component in text: texts in and out, a function of the host between, and a resource of its own. */
import { componentOf } from './tools.ts';

/** Memory, an allocator that never gives back, and what the rest is written with. */
const LIBRARY = `
  (core module $library
    (memory (export "memory") 1)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param $old i32) (param $old-bytes i32) (param $align i32) (param $bytes i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and
        (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
      (global.set $next (i32.add (local.get $at) (local.get $bytes)))
      (loop $grow
        (if (i32.gt_u (global.get $next) (i32.shl (memory.size) (i32.const 16)))
          (then
            (if (i32.eq (memory.grow (i32.const 1)) (i32.const -1)) (then (unreachable)))
            (br $grow))))
      (local.get $at)))`;

/** A greeting of the host's, `example:host/words#greeting`, or of the component's own. */
const GREETING_OF_HOST = {
  imports: `
  (import "example:host/words@1.0.0" (instance $words
    (export "greeting" (func (param "name" string) (result string)))))`,
  lowered: '(core func $greeting (canon lower (func $words "greeting") (memory $memory) (realloc $realloc)))',
  core: '(import "words" "greeting" (func $greeting (param i32 i32 i32)))',
  given: '(with "words" (instance (export "greeting" (func $greeting))))',
};
const OWN_GREETING = {
  imports: '',
  lowered: '',
  core: `(data (i32.const 64) "Hello, ")
    (func $greeting (param i32 i32) (param $at i32)
      (i32.store (local.get $at) (i32.const 64))
      (i32.store offset=4 (local.get $at) (i32.const 7)))`,
  given: '',
};

/**
 * `greet(name)` gets a greeting, spins for a while, and joins it with the name; `count()` says how often; `sum(numbers)`; `failing()` traps.
 */
export function greeter(spins = 1000, greeting = GREETING_OF_HOST): Promise<Uint8Array> {
  const isOwn = greeting === OWN_GREETING;
  return componentOf(`(component
  ${greeting.imports}
  ${LIBRARY}
  (core instance $library (instantiate $library))
  (alias core export $library "memory" (core memory $memory))
  (alias core export $library "realloc" (core func $realloc))
  ${greeting.lowered}
  (core module $main
    ${isOwn ? '' : greeting.core}
    (import "library" "memory" (memory 1))
    ${isOwn ? greeting.core : ''}
    (global $count (mut i32) (i32.const 0))
    (func (export "count") (result i32) (global.get $count))
    (func (export "greet") (param $at i32) (param $bytes i32) (result i32)
      (local $left i32)
      (global.set $count (i32.add (global.get $count) (i32.const 1)))
      (call $greeting (local.get $at) (local.get $bytes) (i32.const 16))
      (local.set $left (i32.const ${spins}))
      (loop $spin (br_if $spin (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
      ;; the greeting and the name, from 256 on
      (memory.copy (i32.const 256) (i32.load (i32.const 16)) (i32.load (i32.const 20)))
      (memory.copy (i32.add (i32.const 256) (i32.load (i32.const 20))) (local.get $at) (local.get $bytes))
      (i32.store (i32.const 32) (i32.const 256))
      (i32.store (i32.const 36) (i32.add (i32.load (i32.const 20)) (local.get $bytes)))
      (i32.const 32))
    (func (export "sum") (param $at i32) (param $count i32) (result i64)
      (local $sum i64)
      (block $done (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $sum (i64.add (local.get $sum) (i64.load (local.get $at))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
      (local.get $sum))
    (func (export "failing") unreachable))
  (core instance $main (instantiate $main (with "library" (instance $library)) ${greeting.given}))
  (func $greet (param "name" string) (result string)
    (canon lift (core func $main "greet") (memory $memory) (realloc $realloc)))
  (func $sum (param "numbers" (list s64)) (result s64)
    (canon lift (core func $main "sum") (memory $memory) (realloc $realloc)))
  (func $count (result u32) (canon lift (core func $main "count")))
  (func $failing (canon lift (core func $main "failing")))
  (export "greet" (func $greet))
  (export "sum" (func $sum))
  (export "count" (func $count))
  (export "failing" (func $failing)))`);
}

/** The same without imports, so that any node runs it. */
export const ownGreeter = (spins = 1000): Promise<Uint8Array> => greeter(spins, OWN_GREETING);
