/** Damaged modules: what this engine cannot run is refused with a code of the caller's, never with a fault of ours. */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { createWorker, loadModule } from '../../runtime/engine/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { mutate } from '../../runtime/wasm/testing/differential.ts';
import { CORPUS, createFunctionImports } from '../programs/corpus.ts';
import { generateProgram } from '../torture/generate/program.ts';
import { assembleModule } from './text-module.ts';

const REFUSALS = /^(MODULE_MALFORMED|MODULE_INVALID|MODULE_LIMIT|UNSUPPORTED)$/;
const LIMITS = { fuel: 100_000n, memoryPages: 256, stackDepth: 500, wallClockMs: 2000 };

/** 'loaded', or the code of the refusal. Anything else is thrown. */
async function attempt(bytes: Uint8Array, unwind: 'throw' | 'flag'): Promise<string> {
  try {
    const module = await loadModule(bytes, { unwind });
    await run(module);
    return 'loaded';
  } catch (error) {
    if (error instanceof PluvioError && REFUSALS.test(error.code)) return error.code;
    throw error;
  }
}

/** A module that loads also runs, as far as the imports of the corpus go. */
async function run(module: Awaited<ReturnType<typeof loadModule>>): Promise<void> {
  try {
    const worker = await createWorker(module, { imports: createFunctionImports(), limits: LIMITS });
    for (const { name } of module.exports.filter(({ kind }) => kind === 'func').slice(0, 2)) {
      const outcome = await worker.call(name, [3, 3n, 1, 1]);
      if (outcome.kind === 'trapped') expect(outcome.code).not.toBe('unknown');
      if (worker.state !== 'idle') return;
    }
  } catch (error) {
    const expected = /^(IMPORT_MISSING|IMPORT_MISMATCH|LINK_FAILED|INVALID_ARGUMENT)$/;
    if (!(error instanceof PluvioError && expected.test(error.code))) throw error;
  }
}

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  const modules: Uint8Array[] = [];
  beforeAll(async () => {
    for (const program of CORPUS) {
      const bytes = new Uint8Array(await program.load());
      if (bytes.length < 8000) modules.push(bytes);
    }
  });
  const count = (endings: Map<string, number>, ending: string): void =>
    void endings.set(ending, (endings.get(ending) ?? 0) + 1);

  it('cut off', async () => {
    const endings = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(), async (which, at) => {
        const bytes = modules[which % modules.length] ?? new Uint8Array();
        count(endings, await attempt(bytes.slice(0, at % bytes.length), unwind));
      }),
      { numRuns: 300, endOnFailure: true },
    );
    expect(endings.get('MODULE_MALFORMED')).toBeGreaterThan(200);
  });

  it('with bytes changed', async () => {
    const endings = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.array(fc.nat(0xffff), { minLength: 12, maxLength: 12 }), async (which, numbers) => {
        const bytes = modules[which % modules.length] ?? new Uint8Array();
        count(endings, await attempt(mutate(bytes, numbers), unwind));
      }),
      { numRuns: 700, endOnFailure: true },
    );
    expect(endings.get('MODULE_INVALID')).toBeGreaterThan(20);
    expect(endings.get('loaded')).toBeGreaterThan(20);
  });

  it('generated, with bytes changed', async () => {
    const endings = new Map<string, number>();
    const changes = fc.array(fc.nat(0xffff), { minLength: 12, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(fc.nat(), changes, async (number, bytes) =>
        count(endings, await attempt(mutate(generateProgram(1, number).bytes, bytes), unwind)),
      ),
      { numRuns: 300, endOnFailure: true },
    );
    expect(endings.get('loaded')).toBeGreaterThan(10);
  });

  it.each(['', '\0asm', 'not a module at all', '\0asm\u0002\0\0\0'])('of the bytes %j', async (text) => {
    expect(await attempt(new TextEncoder().encode(text), unwind)).toBe('MODULE_MALFORMED');
  });

  it.each([
    [
      'as many locals as engines allow',
      (n: number) => `(module (func (export "f") ${`(local i32)`.repeat(n)} (loop)))`,
      50_000,
    ],
    [
      'as many parameters as engines allow',
      (n: number) => `(module (func $f (param ${'i32 '.repeat(n)}) (loop $l)) (func (export "f") (loop)))`,
      1000,
    ],
    [
      'as many results as engines allow',
      (n: number) => `(module (func $f (export "f") (result ${'i32 '.repeat(n)}) (loop) ${'(i32.const 1)'.repeat(n)}))`,
      1000,
    ],
  ] as const)('with %s', async (_name, text, most) => {
    for (const number of [most, most + 1]) {
      const bytes = await assembleModule(text(number));
      const ending = await attempt(bytes, unwind);
      if (number > most) expect(ending).toMatch(REFUSALS);
      else expect(ending).toMatch(/^(loaded|MODULE_LIMIT|UNSUPPORTED)$/);
    }
  });
});
