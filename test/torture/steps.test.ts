/** Programs end because what has no steps left gives up at once: invariant 1 of generate/outline.ts. */
import { expect, it } from 'vitest';
import { decodeFunction, decodeModule, type Module, OP, OPCODES } from '../../runtime/wasm/index.ts';
import { GLOBAL } from './generate/outline.ts';
import { generateProgram } from './generate/program.ts';

const SEED = 1;
const PROGRAMS = 1500;
/** What could come back to where it began. */
const GOES_ON = /^(?:loop|call|return_call|try)/;

/** What is done where a function or a loop begins and no steps are left: names in `global.get steps, i32.eqz, if … end`. */
function givingUp(module: Module): string[] {
  const names: string[] = [];
  module.funcs.forEach(({ body }, func) => {
    if (body === undefined) return;
    const { op, a, match, length } = decodeFunction(module, func).code;
    for (let row = 2; row < length; row++) {
      const begins = row === 2 || op[row - 3] === OP.loop;
      const asks = op[row - 2] === OP['global.get'] && a[row - 2] === GLOBAL.steps && op[row - 1] === OP['i32.eqz'];
      if (!begins || !asks || op[row] !== OP.if) continue;
      for (let at = row + 1; at < (match[row] ?? 0); at++) names.push(OPCODES[op[at] ?? 0]?.name ?? '');
    }
  });
  return names;
}

it('where no steps are left nothing is called or repeated', () => {
  const found = new Set<string>();
  for (let number = 0; number < PROGRAMS; number++) {
    for (const name of givingUp(decodeModule(generateProgram(SEED, number).bytes))) found.add(name);
  }
  expect([...found].filter((name) => GOES_ON.test(name))).toEqual([]);
  expect([...found]).toEqual(expect.arrayContaining(['return', 'i32.const', 'ref.null', 'struct.new_default']));
});
