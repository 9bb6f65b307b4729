/** The reduction, with a comparison that misreports: programs "fail" where they have some instruction. */
import { describe, expect, it } from 'vitest';
import { decodeFunction, decodeModule, OP, type OpName, validateModule } from '../../runtime/wasm/index.ts';
import { newCoverage } from './generate/emitter.ts';
import { generateProgram } from './generate/program.ts';
import { reduceProgram } from './reduce.ts';

function occurrences(bytes: Uint8Array, name: OpName): { readonly found: number; readonly rows: number } {
  const module = decodeModule(bytes);
  let found = 0;
  let rows = 0;
  for (let func = module.importedFuncs; func < module.funcs.length; func++) {
    const { code } = decodeFunction(module, func);
    rows += code.length;
    for (let row = 0; row < code.length; row++) if (code.op[row] === OP[name]) found++;
  }
  return { found, rows };
}

/** The first program of the seed that has the instruction where it can be reached. */
function programWith(name: OpName): Uint8Array {
  for (let number = 0; number < 500; number++) {
    const coverage = newCoverage();
    const { bytes } = generateProgram(7, number, coverage);
    if ((coverage[OP[name]] ?? 0) > 0) return bytes;
  }
  throw new Error(`no program has ${name}`);
}

describe('a failing program is reduced', () => {
  it.each(['i64.rotl', 'br_table', 'try_table', 'struct.get', 'return_call', 'memory.init', 'loop'] as const)(
    'to little around %s',
    async (name) => {
      const original = programWith(name);
      const reduced = await reduceProgram(original, (bytes) => Promise.resolve(occurrences(bytes, name).found > 0));
      validateModule(decodeModule(reduced));
      expect(occurrences(reduced, name).found).toBe(1);
      expect(occurrences(reduced, name).rows).toBeLessThan(40);
      expect(reduced.length).toBeLessThan(original.length / 2);
    },
  );

  it('and left as it is where nothing smaller fails', async () => {
    const original = programWith('i32.add');
    const reduced = await reduceProgram(original, (bytes) => Promise.resolve(bytes === original), { tries: 100 });
    expect(reduced).toBe(original);
  });

  it('within the number of tries', async () => {
    let tries = 0;
    const fails = (): Promise<boolean> => {
      tries++;
      return Promise.resolve(false);
    };
    await reduceProgram(programWith('loop'), fails, { tries: 5 });
    expect(tries).toBe(5);
  });
});
