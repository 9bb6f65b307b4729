import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeModule } from './decode-module.ts';
import { draftOf, encodeModule } from './encode-module.ts';
import { engineAccepts, moduleFrom, mutate, tapes, verdict } from './testing/differential.ts';
import { validateModule } from './validate.ts';
import { definitionsModuleFrom, typesModuleFrom } from './testing/random-definitions.ts';

const SEED = Number(process.env['PLUVIO_SEED'] ?? Date.now() % 2 ** 31);
const RUNS = 1500;

/** Where this validator and V8 differ on purpose, by what the one that refuses the module says. */
const KNOWN_DIFFERENCES = {
  ours: [
    // The specification demands a reference among the label's types; V8 does not look.
    /br_on_non_null: the label must take a reference, it takes nothing/,
    // In unreachable code V8 checks neither the operands of ref.eq nor that what a reference instruction gives is a reference.
    /ref\.eq: expected eqref, found/,
    /found \(ref bottom\)/,
    // V8 takes a passive segment of a type that is no reference, as long as it is empty.
    /section element: elem\[\d+\]: expected a reference type/,
  ],
  engine: [
    // No specification has this rule. The generator does not mix the two, but mutated bytes may.
    /a mix of legacy and new exception handling instructions/,
  ],
};

const isKnownDifference = (bytes: Uint8Array, ours: string): boolean =>
  ours === 'valid'
    ? KNOWN_DIFFERENCES.engine.some((reason) =>
        reason.test(messageOf(() => new WebAssembly.Module(bytes as BufferSource))),
      )
    : KNOWN_DIFFERENCES.ours.some((reason) => reason.test(messageOf(() => decodeAndCheck(bytes))));

const decodeAndCheck = (bytes: Uint8Array): void => validateModule(decodeModule(bytes));

function messageOf(run: () => void): string {
  try {
    run();
    return '';
  } catch (error) {
    return String(error);
  }
}

function agree(bytes: Uint8Array): boolean {
  const ours = verdict(bytes);
  if (engineAccepts(bytes) === (ours === 'valid') || isKnownDifference(bytes, ours)) return ours === 'valid';
  throw new Error(
    `ours: ${messageOf(() => decodeAndCheck(bytes))}; engine: ${messageOf(() => new WebAssembly.Module(bytes as BufferSource))}`,
  );
}

const GENERATORS = { code: moduleFrom, types: typesModuleFrom, definitions: definitionsModuleFrom };

describe.each(Object.entries(GENERATORS))('random %s', (name, moduleOf) => {
  const seen = { valid: 0, all: 0 };

  test(`is valid here exactly if it is for the engine (seed ${SEED})`, () => {
    fc.assert(
      fc.property(tapes, tapes, (numbers, changes) => {
        const bytes = moduleOf(numbers);
        if (bytes === undefined) return;
        seen.all++;
        if (agree(bytes)) {
          seen.valid++;
          expect(verdict(encodeModule(draftOf(decodeModule(bytes))))).toBe('valid');
        }
        agree(mutate(bytes, changes));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  afterAll(() => {
    // A generator of which everything is valid, or nothing, tells nothing.
    expect(seen.valid, `valid modules of ${name}`).toBeGreaterThan(seen.all / 50);
    expect(seen.valid).toBeLessThan(seen.all);
  });
});

test('a valid module cut off anywhere is malformed or invalid, never anything else', () => {
  fc.assert(
    fc.property(tapes, (numbers) => {
      const bytes = moduleFrom(numbers);
      if (bytes === undefined) return;
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.subarray(0, length);
        expect(engineAccepts(cut)).toBe(verdict(cut) === 'valid');
      }
    }),
    { seed: SEED, numRuns: 30 },
  );
});
