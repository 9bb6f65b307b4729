/** The short form of `npm run torture`: some generated programs in every mode and both ways of unwinding. See test/torture/README.md. */
import { describe, expect, it } from 'vitest';
import { decodeModule, OPCODES, validateModule } from '../../runtime/wasm/index.ts';
import { checkProgram, type Verdict } from '../torture/check.ts';
import { newCoverage } from '../torture/generate/emitter.ts';
import { generateProgram } from '../torture/generate/program.ts';

const SEED = 20_261_124;
const PROGRAMS = 150;

describe(`generated programs of seed ${SEED}`, () => {
  it('give the same in every mode', async () => {
    const verdicts: Verdict[] = [];
    for (let number = 0; number < PROGRAMS; number++) {
      const program = generateProgram(SEED, number);
      const verdict = await checkProgram(program, { unwinds: ['throw', 'flag'], seed: SEED + number });
      expect(verdict.difference, `npm run torture -- --seed ${SEED} --from ${number} --programs 1`).toBeUndefined();
      verdicts.push(verdict);
    }
    const stops = verdicts.reduce((sum, { safepoints }) => sum + safepoints, 0);
    expect(stops).toBeGreaterThan(PROGRAMS * 8);
    expect(verdicts.filter(({ migratable }) => migratable).length).toBeGreaterThan(PROGRAMS / 2);
    expect(verdicts.filter(({ trapped }) => trapped).length).toBeLessThan(PROGRAMS / 2);
  }, 240_000);

  it('are valid, the same every time, and have every instruction', () => {
    const coverage = newCoverage();
    for (let number = 0; number < 6000; number++) {
      const { bytes } = generateProgram(SEED, number, coverage);
      if (number % 100 === 0) expect(generateProgram(SEED, number).bytes).toEqual(bytes);
      if (number % 20 !== 0) continue;
      validateModule(decodeModule(bytes));
      expect(WebAssembly.validate(bytes as BufferSource), `program ${number}`).toBe(true);
    }
    expect(OPCODES.flatMap(({ name }, row) => (coverage[row] === 0 ? [name] : []))).toEqual([]);
  }, 120_000);
});
