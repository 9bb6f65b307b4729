/** Text modules that are too regular to write by hand: each stretches one number that an implementation may bound. */

const times = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

const STEP = '(func $f (param i32) (result i32) (i32.add (i32.mul (local.get 0) (i32.const 5)) (i32.const 3)))';

/** `run(n)` counts n down and folds `body`, which leaves an i32 that it may compute from `$n` and `$sum`, into a sum. */
const countdown = (locals: string, body: string): string => `
  (func (export "run") (param $n i32) (result i32)
    (local $sum i32) ${locals}
    (loop $again
      ${body}
      (local.set $sum (i32.xor (i32.rotl (local.get $sum) (i32.const 3))))
      (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum))`;

/** The deepest nesting that the text parser takes without overflowing its own stack is a little more. */
const DEEPEST = 120;

/** A br_table of 600 targets that share 120 cases, every tenth of which calls. */
function brTableBig(): string {
  const cases = DEEPEST;
  const targets = 5 * cases;
  return `(module ${STEP} ${countdown(
    '(local $x i32)',
    `(block $done (result i32)
      ${times(cases, (i) => `(block $case${cases - 1 - i}`)}
      (br_table ${times(targets, (i) => `$case${(i * 7) % cases}`)} (i32.rem_u (i32.mul (local.get $n) (i32.const 37)) (i32.const ${targets})))
      ${times(cases, (i) =>
        i % 10 === 7
          ? `) (local.set $x (call $f (i32.add (local.get $sum) (i32.const ${i}))))`
          : `) (br $done (i32.add (local.get $x) (i32.const ${i * 3})))`,
      )}
      (i32.const 1))`,
  )})`;
}

/** Blocks, ifs and loops 120 deep around a call, left by branches of five depths. */
function blocksDeep(): string {
  const depth = DEEPEST;
  const open = (i: number): string => {
    const kind = i % 3 === 0 ? 'block' : i % 3 === 1 ? 'loop' : 'if (i32.ne (local.get $n) (i32.const -1)) (then';
    return kind.startsWith('if') ? `(${kind}` : `(${kind} $at${i}`;
  };
  const close = (i: number): string => (i % 3 === 2 ? '))' : ')');
  return `(module ${STEP} ${countdown(
    '',
    `${times(depth, (i) => `${open(i)} (local.set $sum (i32.add (local.get $sum) (i32.const ${i})))`)}
      (local.set $sum (i32.add (local.get $sum) (call $f (local.get $n))))
      ${times(5, (i) => `(br_if $at${i * 27} (i32.eq (i32.rem_u (local.get $n) (i32.const 7)) (i32.const ${i})))`)}
      ${times(depth, (i) => close(depth - 1 - i))}
      (call $f (local.get $sum))`,
  )})`;
}

/** 300 locals of four types, all of them live over every call. */
function localsMany(): string {
  const types = ['i32', 'i64', 'f32', 'f64'] as const;
  const typeOf = (i: number): string => types[i % 4] ?? 'i32';
  const asI32 = ['', 'i32.wrap_i64', 'i32.trunc_sat_f32_s', 'i32.trunc_sat_f64_s'] as const;
  const widen = ['', 'i64.extend_i32_s', 'f32.convert_i32_s', 'f64.convert_i32_s'] as const;
  const wrap = (op: string | undefined, value: string): string => (op ? `(${op} ${value})` : value);
  return `(module ${STEP} ${countdown(
    times(300, (i) => `(local $l${i} ${typeOf(i)})`),
    `${times(300, (i) =>
      i % 25 === 0
        ? `(local.set $l${i} ${wrap(widen[i % 4], `(call $f (i32.add (local.get $n) (i32.const ${i})))`)})`
        : `(local.set $l${i} (${typeOf(i)}.add (local.get $l${i}) (${typeOf(i)}.const ${i})))`,
    )}
      (call $f (local.get $sum))
      ${times(300, (i) => `(i32.add ${wrap(asI32[i % 4], `(local.get $l${i})`)})`)}`,
  )})`;
}

/** A function of 120 parameters and 80 results. */
function parametersMany(): string {
  const list = (count: number): string => Array.from({ length: count }, () => 'i32').join(' ');
  return `(module ${STEP}
  (func $wide (param ${list(120)}) (result ${list(80)})
    (local.set 7 (call $f (local.get 119)))
    ${times(80, (i) => (i % 20 === 3 ? `(call $f (local.get ${i}))` : `(i32.add (local.get ${i}) (local.get ${i + 40}))`))})
  ${countdown(
    '',
    `${times(120, (i) => (i % 30 === 5 ? `(call $f (local.get $n))` : `(i32.add (local.get $n) (i32.const ${i}))`))}
      (call $wide)
      ${times(79, () => '(i32.add)')}`,
  )})`;
}

/** 300 functions that call each other in a chain, each through a table or directly. */
function functionsMany(): string {
  const count = 300;
  return `(module ${STEP}
  (type $t (func (param i32) (result i32)))
  (table funcref (elem ${times(count, (i) => `$g${i}`)}))
  ${times(count, (i) =>
    i === count - 1
      ? `(func $g${i} (type $t) (call $f (local.get 0)))`
      : i % 3 === 0
        ? `(func $g${i} (type $t) (i32.add (call_indirect (type $t) (local.get 0) (i32.const ${i + 1})) (i32.const ${i})))`
        : `(func $g${i} (type $t) (i32.xor (local.get 0) (call $g${i + 1} (i32.add (local.get 0) (i32.const ${i})))))`,
  )}
  ${countdown('', '(call $g0 (i32.add (local.get $sum) (local.get $n)))')})`;
}

/** Six loops inside each other, all of two turns, with a call in the innermost. */
function loopsDeep(): string {
  const depth = 6;
  return `(module ${STEP} ${countdown(
    times(depth, (i) => `(local $i${i} i32)`),
    `${times(depth, (i) => `(local.set $i${i} (i32.const 2)) (loop $l${i}`)}
      (local.set $sum (i32.add (call $f (local.get $sum)) (local.get $i0)))
      ${times(depth, (i) => {
        const at = `$i${depth - 1 - i}`;
        return `(br_if $l${depth - 1 - i} (local.tee ${at} (i32.sub (local.get ${at}) (i32.const 1)))))`;
      })}
      (local.get $n)`,
  )})`;
}

/** The generated modules by the name of their program. */
export const BIG_MODULES: Readonly<Record<string, () => string>> = {
  'big-br-table': brTableBig,
  'big-blocks': blocksDeep,
  'big-locals': localsMany,
  'big-parameters': parametersMany,
  'big-functions': functionsMany,
  'big-loops': loopsDeep,
};
