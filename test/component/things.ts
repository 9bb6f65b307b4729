/** A component in text that gives back what it gets, of every kind of type; and whose names WIT writes otherwise than JavaScript. */
import { MEMORY_AND_REALLOC } from './guest-allocator.ts';
import { componentOf } from './tools.ts';

const CORE = `(core module $Core
${MEMORY_AND_REALLOC}
  (func (export "echo") (param i32) (result i32) (local.get 0))
  (func (export "count") (result i32) (i32.const 3))
  (func (export "join") (param $a i32) (param $bytes i32) (param i32 i32) (result i32)
    (i32.store (i32.const 64) (local.get $a))
    (i32.store (i32.const 68) (local.get $bytes))
    (i32.const 64))
  (func (export "fail") unreachable))
(core instance $core (instantiate $Core))
(alias core export $core "memory" (core memory $memory))
(alias core export $core "realloc" (core func $realloc))`;

/** A type of WIT that has a name. */
const named = (name: string, type: string): string =>
  `(type $own-${name} ${type}) (import "${name}" (type $${name} (eq $own-${name})))`;

const TYPES = [
  named('point', '(record (field "x" s32) (field "y-pos" (option u8)))'),
  named('colour', '(enum "red" "dark-green")'),
  named('access', '(flags "read" "write-all")'),
  named('shape', '(variant (case "circle" f64) (case "empty-one"))'),
  '(type $points (list $point)) (type $bytes (list u8)) (type $wides (list u64)) (type $pair (tuple s64 string))',
  '(type $maybe (option string)) (type $nested (option $maybe)) (type $outcome (result $point (error string)))',
  named(
    'everything',
    `(record (field "points" $points) (field "bytes" $bytes) (field "wides" $wides) (field "pair" $pair) (field "maybe" $maybe)
      (field "nested" $nested) (field "outcome" $outcome) (field "colour" $colour) (field "access" $access) (field "shape" $shape)
      (field "letter" char) (field "is-well" bool) (field "half" f32))`,
  ),
].join('\n');

/** More values than are passed flat: the one parameter and the result are the same address. */
const FUNCTIONS = `
(func $echo (param "what" $everything) (result $everything)
  (canon lift (core func $core "echo") (memory $memory) (realloc (core func $realloc))))
(func $count (result u32) (canon lift (core func $core "count")))
(func $fail (canon lift (core func $core "fail")))
(func $first (param "a" string) (param "default" string) (result string)
  (canon lift (core func $core "join") (memory $memory) (realloc (core func $realloc))))
(instance $shop (export "count-all" (func $count)) (export "reset" (func $count)))
(instance $yard (export "reset" (func $count)))
(export "echo-all" (func $echo))
(export "first-of" (func $first))
(export "fail" (func $fail))
(export "local:things/shop@1.0.0" (instance $shop))
(export "local:things/yard@1.0.0" (instance $yard))`;

/** `echo-all`, `first-of(a, default)`, `fail`, `local:things/shop@1.0.0#count-all`, and `reset` in two interfaces. */
export const thingsComponent = (): Promise<Uint8Array> => componentOf(`(component ${CORE} ${TYPES} ${FUNCTIONS})`);
