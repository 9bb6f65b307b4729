/**
 * Forged and damaged snapshots of the corpus: each is refused with a code, or runs within its limits like any guest; workers of
 * the same module do not notice.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createWorker,
  decodeSnapshot,
  encodeSnapshot,
  type LoadedModule,
  loadModule,
  type Outcome,
  restoreWorker,
  type Snapshot,
  type Worker,
} from '../../runtime/engine/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { Tape } from '../../runtime/wasm/testing/differential.ts';
import { CORPUS, createFunctionImports, type FunctionProgram } from '../programs/corpus.ts';
import { mutateSnapshot } from './generate/mutate-snapshot.ts';
import { stoppedAt } from './stops.ts';
import { assembleModule } from './text-module.ts';

const PROGRAMS = CORPUS.filter((program): program is FunctionProgram => program.kind === 'function').filter(
  ({ name }) => !name.startsWith('big-'),
);
const SAFEPOINTS = [1, 3, 8, 21];
const REFUSALS =
  /^(SNAPSHOT_MALFORMED|SNAPSHOT_VERSION|SNAPSHOT_MISMATCH|STACK_TOO_DEEP|LINK_FAILED|LIMIT_OUT_OF_RANGE)$/;
const OPTIONS = {
  imports: createFunctionImports(),
  limits: { fuel: 300_000n, memoryPages: 64, tableElements: 1000, stackDepth: 1000, wallClockMs: 5000 },
};

interface Target {
  readonly program: FunctionProgram;
  readonly module: LoadedModule;
  readonly snapshot: Snapshot;
  readonly bytes: Uint8Array;
  /** Stopped where the snapshot was taken; goes on when everything is over. */
  readonly bystander: Worker;
}

/** Whether a guest can have caused it: no exception but its own and the corpus's host function's, no full stack below the limit. */
const isGuestTrap = ({ code, message }: Outcome & { kind: 'trapped' }): boolean =>
  code === 'exception'
    ? /^(the guest threw|a host function threw: .* as it is meant to)/.test(message)
    : !['unknown', 'stack-overflow'].includes(code);

/** How it was refused, or how it ended. Anything but a coded refusal is thrown. */
async function attempt(module: LoadedModule, bytes: Uint8Array): Promise<string> {
  try {
    const worker = await restoreWorker(module, bytes, OPTIONS);
    if (worker.state === 'idle') return 'idle';
    const outcome: Outcome = await worker.resume();
    if (outcome.kind === 'trapped' && !isGuestTrap(outcome)) throw new Error(`not the guest's: ${outcome.message}`);
    return outcome.kind;
  } catch (error) {
    if (error instanceof PluvioError && REFUSALS.test(error.code)) return error.code;
    throw error;
  }
}

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  const targets: Target[] = [];

  beforeAll(async () => {
    for (const program of PROGRAMS) {
      const module = await loadModule(await program.load(), { unwind });
      if (!module.portability.migratable) continue;
      for (const safepoint of SAFEPOINTS) {
        const bystander = await stoppedAt(module, program.export, program.args, safepoint, {
          imports: OPTIONS.imports,
        });
        if (bystander.state !== 'stopped') break;
        const bytes = bystander.snapshot();
        targets.push({ program, module, bytes, snapshot: decodeSnapshot(bytes), bystander });
      }
    }
    expect(targets.length).toBeGreaterThan(100);
  });

  afterAll(async () => {
    for (const { bystander, program } of targets) {
      const outcome = await bystander.resume();
      if (outcome.kind === 'trapped') expect({ kind: outcome.kind, code: outcome.code }).toEqual(program.expected);
      else expect(outcome).toEqual(program.expected);
    }
  });

  const targetOf = (tape: Tape): Target => tape.pick(targets);
  const numbers = fc.array(fc.nat(0xffff), { minLength: 40, maxLength: 40 });

  it('forged fields', async () => {
    const endings = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(numbers, async (choices) => {
        const tape = new Tape(choices);
        const { module, snapshot } = targetOf(tape);
        let bytes: Uint8Array;
        try {
          bytes = encodeSnapshot(mutateSnapshot(snapshot, tape));
        } catch {
          return; // cannot be written
        }
        const ending = await attempt(module, bytes);
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }),
      { numRuns: 1500, endOnFailure: true },
    );
    for (const ending of ['SNAPSHOT_MISMATCH', 'returned', 'trapped']) expect(endings.get(ending)).toBeGreaterThan(10);
  });

  it('damaged bytes', async () => {
    const endings = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(numbers, async (choices) => {
        const tape = new Tape(choices);
        const { module, bytes } = targetOf(tape);
        const damaged = Uint8Array.from(bytes);
        for (let count = 1 + tape.below(3); count > 0; count--) {
          damaged[tape.below(Math.min(damaged.length, tape.pick([40, 400, 0x10000])))] = tape.below(256);
        }
        const cut = tape.below(10) === 0 ? damaged.subarray(0, tape.below(damaged.length)) : damaged;
        const ending = await attempt(module, cut);
        endings.set(ending, (endings.get(ending) ?? 0) + 1);
      }),
      { numRuns: 1000, endOnFailure: true },
    );
    expect(endings.get('SNAPSHOT_MALFORMED')).toBeGreaterThan(10);
  });

  it('a snapshot of another module', async () => {
    const [first, second] = [targets[0], targets.find(({ module }) => module !== targets[0]?.module)];
    if (first === undefined || second === undefined) throw new Error('the corpus has several programs');
    expect(await attempt(second.module, first.bytes)).toBe('SNAPSHOT_MISMATCH');
  });

  it('state for a host module that nobody knows, under a very long name', async () => {
    const [target] = targets;
    if (target === undefined) throw new Error('the corpus has programs');
    const forged = encodeSnapshot({ ...target.snapshot, hosts: { ['h'.repeat(70_000)]: 1 } });
    const restored = restoreWorker(target.module, forged, { imports: OPTIONS.imports });
    await expect(restored).rejects.toThrow(/lacks: h{64}…$/);
  });

  it('more fuel than a number holds leaves none', async () => {
    const [target] = targets;
    if (target === undefined) throw new Error('the corpus has programs');
    const { module, snapshot } = target;
    for (const fuelUsed of [2n ** 53n, 2n ** 60n + 3_000_000_001n, 2n ** 64n - 1n]) {
      const worker = await restoreWorker(module, encodeSnapshot({ ...snapshot, fuelUsed }), {
        imports: OPTIONS.imports,
      });
      expect(await worker.resume()).toEqual({ kind: 'limit', limit: 'fuel' });
      expect(await worker.resume()).toEqual({ kind: 'limit', limit: 'fuel' });
      expect(decodeSnapshot(worker.snapshot()).fuelUsed).toBeGreaterThanOrEqual(2n ** 53n - 1n);
    }
  });

  it('a table cannot hold a function that the module never refers to: calls of it might never be checked', async () => {
    const module = await loadModule(
      await assembleModule(`(module (type $t (func)) (table 1 funcref) (elem (i32.const 0) $nop)
        (func $nop)
        (func (export "run") (type $t) (return_call_indirect (type $t) (i32.const 0))))`),
    );
    const snapshot = decodeSnapshot((await createWorker(module)).snapshot());
    const forgedTo = async (index: number): Promise<Worker> => {
      const tables = [{ length: 1, runs: [{ offset: 0, values: [{ kind: 'func' as const, index }] }] }];
      const instances = snapshot.instances.map((instance) => ({ ...instance, tables }));
      return restoreWorker(module, encodeSnapshot({ ...snapshot, instances }));
    };
    expect(await (await forgedTo(0)).call('run')).toEqual({ kind: 'returned', values: [] });
    await expect(forgedTo(1)).rejects.toMatchObject({ code: 'SNAPSHOT_MISMATCH' });
  });

  it('the original goes on as it should', async () => {
    for (const { module, bytes, program } of targets) {
      const worker = await restoreWorker(module, bytes, { imports: OPTIONS.imports });
      expect(await worker.resume()).toMatchObject(program.expected);
      expect(
        await (await createWorker(module, { imports: OPTIONS.imports })).call(program.export, program.args),
      ).toMatchObject(program.expected);
    }
  });
});
