/**
 * Recursion without end in every engine: with the default limit on depth it must be the limit that ends it, not the engine's own stack, whatever
 * the frames hold; so a stack that was stopped in one engine fits into another.
 */
import { assembleModule } from '../engine/text-module.ts';
import type { EngineHost } from './engine-hosts.ts';
import type { Exchange } from './exchange.ts';

const times = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join(' ');

/** A function that keeps `count` values of a type in locals over its call of itself. */
const keeping = (count: number, type: string, make: string, add: string, zero: string): string => `(module
  (func $run (export "run") (param i32) (result i32)
    ${times(count, (i) => `(local $l${i} ${type})`)}
    ${times(count, (i) => `(local.set $l${i} (${make} (i32.add (local.get 0) (i32.const ${i}))))`)}
    (local.set 0 (call $run (i32.add (local.get 0) (i32.const 1))))
    ${times(count, (i) => `(local.set $l0 (${add} (local.get $l0) (local.get $l${i})))`)}
    (local.set $l0 (${add} (local.get $l0) (${zero})))
    (local.get 0)))`;

/** Modules that export `run`, by what their frames hold. */
const SHAPES: Readonly<Record<string, string>> = {
  'one local':
    '(module (func $run (export "run") (param i32) (result i32) (i32.add (call $run (i32.add (local.get 0) (i32.const 1))) (i32.const 1))))',
  '30 i64 locals': keeping(30, 'i64', 'i64.extend_i32_u', 'i64.add', 'i64.const 0'),
  '200 f64 locals': keeping(200, 'f64', 'f64.convert_i32_u', 'f64.add', 'f64.const 0'),
  '60 v128 locals': keeping(60, 'v128', 'i32x4.splat', 'i32x4.add', 'v128.const i64x2 0 0'),
  '50 operands': `(module (func $run (export "run") (param i32) (result i32)
    ${times(50, (i) => `(i32.mul (local.get 0) (i32.const ${i}))`)} (call $run (i32.add (local.get 0) (i32.const 1))) ${'(i32.add) '.repeat(50)}))`,
  '20 parameters': `(module
    (func $f (param ${'i64 '.repeat(20)}) (result i32)
      (i32.add (call $f ${times(20, (i) => `(i64.add (local.get ${i}) (i64.const 1))`)}) (i32.wrap_i64 (local.get 19))))
    (func (export "run") (param i32) (result i32) (call $f ${'(i64.const 1) '.repeat(20)})))`,
  'indirect calls': `(module (type $t (func (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $run)
    (func $run (export "run") (type $t) (i32.xor (call_indirect (type $t) (i32.add (local.get 0) (i32.const 1)) (i32.const 0)) (local.get 0))))`,
  'handlers (try)': `(module (tag $e) (func $run (export "run") (param i32) (result i32)
    (try (result i32) (do (call $run (i32.add (local.get 0) (i32.const 1)))) (catch $e (local.get 0)))))`,
};

/** One shape in one engine, by one way of unwinding. */
export interface DepthResult {
  readonly shape: string;
  readonly host: EngineHost;
  readonly unwind: 'throw' | 'flag';
  /** How the call ended. */
  readonly outcome: string;
}

export async function runDepths(
  hosts: readonly EngineHost[],
  exchange: Exchange,
  onResult: (result: DepthResult) => void,
): Promise<void> {
  for (const [shape, text] of Object.entries(SHAPES)) {
    const module = exchange.put(await assembleModule(text));
    for (const unwind of ['throw', 'flag'] as const) {
      for (const host of hosts) {
        const { outcome } = await host.ask({ kind: 'depth', module, unwind });
        onResult({ shape, host, unwind, outcome });
      }
    }
  }
}
