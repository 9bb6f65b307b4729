/** Generates a whole program from a tape of numbers. */
import fc from 'fast-check';
import type { FuncType, ValType } from '../../../runtime/wasm/index.ts';
import { funcType } from '../../../runtime/wasm/testing/assemble.ts';
import { Tape } from '../../../runtime/wasm/testing/differential.ts';
import { BodyGenerator } from './body.ts';
import type { Handlers, Scope } from './expressions.ts';
import { type GeneratedFunc, generatedModule, HOST_FUNCS, PLAIN_TYPES, TYPES, TypeSection } from './shapes.ts';

const FUNCS_MAX = 4;
const BUDGET = 60;
const STEPS_MAX = 30;

function signature(tape: Tape): FuncType {
  const list = (max: number): ValType[] => Array.from({ length: tape.below(max + 1) }, () => tape.pick(TYPES));
  return funcType(list(3), list(3));
}

/** The bytes of a valid module that the numbers choose; see `generatedModule` for its exports. */
export function programFrom(numbers: readonly number[]): Uint8Array {
  const tape = new Tape(numbers);
  const types = new TypeSection();
  const results = Array.from({ length: tape.below(4) }, () => tape.pick(PLAIN_TYPES));
  const own = [funcType([], results), ...Array.from({ length: tape.below(FUNCS_MAX) }, () => signature(tape))];
  const handlers = tape.pick<Handlers>(['none', 'legacy', 'table', 'legacy']);
  const tags =
    handlers === 'none'
      ? []
      : [funcType([], []), ...Array.from({ length: tape.below(3) }, () => funcType(signature(tape).params, []))];
  const scope: Scope = { tape, types, funcs: [...HOST_FUNCS.map(({ type }) => type), ...own], tags, handlers };
  const steps = 3 + tape.below(STEPS_MAX);
  const exportsTable = tape.below(2) === 0;
  const funcs = own.map((type): GeneratedFunc => {
    const body = new BodyGenerator(scope, type, BUDGET);
    body.generate();
    return { type, locals: body.locals, code: body.code };
  });
  return generatedModule({ types, tags, funcs, steps, exportsTable });
}

/** Numbers from which programs are made. */
export const programNumbers = fc.array(fc.nat(0xffff), { minLength: 30, maxLength: 600 });
