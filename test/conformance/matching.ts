/** Whether what came back is what the script says. */
import { F32, F64, I32, I64, V128, type ValType } from '../../runtime/wasm/index.ts';
import type { HostValues } from './host-values.ts';
import type { LiteralBits } from './literals.ts';
import type { Result } from './probes.ts';
import type { Literal, NanPattern, Pattern, RefPatternKind } from './script.ts';

const TYPES: Readonly<Record<Literal['type'], ValType>> = { i32: I32, i64: I64, f32: F32, f64: F64, v128: V128 };

export interface MatchContext {
  readonly literals: LiteralBits;
  readonly hosts: HostValues;
}

export function matches(context: MatchContext, pattern: Pattern, result: Result): boolean {
  switch (pattern.kind) {
    case 'either':
      return pattern.patterns.some((one) => matches(context, one, result));
    case 'null':
      return result.kind === 'null';
    case 'ref':
      return result.kind === 'ref' && matchesRef(context, pattern.ref, pattern.id, result);
    case 'number':
      return (
        result.kind === 'number' &&
        result.type === TYPES[pattern.literal.type] &&
        matchesBits(context, pattern, result.bits)
      );
  }
}

function matchesBits(context: MatchContext, pattern: Pattern & { kind: 'number' }, bits: bigint): boolean {
  const expected = context.literals.get(pattern.literal.text);
  if (expected === undefined) throw new Error(`literal ${pattern.literal.text} was not resolved`);
  if (pattern.nans.every((nan) => nan === undefined)) return bits === expected;
  const { laneBits } = pattern;
  const lane = (of: bigint, index: number): bigint => BigInt.asUintN(laneBits, of >> BigInt(index * laneBits));
  return pattern.nans.every((nan, index) =>
    nan === undefined ? lane(bits, index) === lane(expected, index) : isNan(lane(bits, index), laneBits, nan),
  );
}

/** Bits of the canonical NaN, without the sign. */
const CANONICAL: Readonly<Record<number, bigint>> = { 32: 0x7fc0_0000n, 64: 0x7ff8_0000_0000_0000n };

/** An arithmetic NaN has the quiet bit, and any payload beside it. */
function isNan(bits: bigint, width: number, nan: Exclude<NanPattern, undefined>): boolean {
  const canonical = CANONICAL[width] ?? 0n;
  const unsigned = BigInt.asUintN(width - 1, bits);
  return nan === 'canonical' ? unsigned === canonical : (unsigned & canonical) === canonical;
}

function matchesRef(
  { hosts }: MatchContext,
  ref: RefPatternKind,
  id: number | undefined,
  result: Result & { kind: 'ref' },
): boolean {
  if (id !== undefined && result.host !== hosts.valueOf(id)) return false;
  if (ref === 'any') return result.ref !== 'func' && result.ref !== 'extern' && result.ref !== 'exn';
  if (ref === 'eq') return result.ref === 'i31' || result.ref === 'struct' || result.ref === 'array';
  return result.ref === ref;
}
