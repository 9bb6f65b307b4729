/**
 * Every instruction of the table, run by the bare engine and by workers: between two loops, so that there is a place to stop
 * before and after it. Workers of the sample are sliced, as it has shared memory; without it they are stopped and moved.
 */
import { describe, expect, it } from 'vitest';
import { createWorker, loadModule, type Outcome } from '../../runtime/index.ts';
import { trapCode } from '../../runtime/engine/traps.ts';
import { BLOCK_KIND, OP, type OpName } from '../../runtime/wasm/index.ts';
import { type Instr, limits } from '../../runtime/wasm/testing/assemble.ts';
import { codeAround, sample } from '../../runtime/wasm/testing/sample.ts';
import { runStoppedEverywhere } from './stops.ts';

const NAMES = Object.keys(OP) as OpName[]; // the table's own keys
/** In the sample these call the function that they stand in, for ever. */
const ENDLESS: readonly OpName[] = ['return_call', 'return_call_ref'];

/** An empty loop: a safepoint. */
const safepoint: readonly Instr[] = [['loop', 0, 0, BLOCK_KIND.empty], ['end']];

const wrap = (name: OpName, parts?: Parameters<typeof sample>[1]): Uint8Array =>
  sample([...safepoint, ...codeAround(name), ...safepoint], parts);

/** The memories of the sample, none of them shared. */
const OWN_MEMORIES = {
  memories: [{ limits: limits(1) }, { limits: limits(1, 2, { is64: true }) }, { limits: limits(1, 2) }],
};

function runBare(bytes: Uint8Array): string {
  const instance = new WebAssembly.Instance(new WebAssembly.Module(bytes as BufferSource));
  try {
    (instance.exports['f'] as () => void)(); // the sample's only export
    return 'returned';
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return trapCode(error.message);
    return 'exception';
  }
}

const endOf = (outcome: Outcome): string => (outcome.kind === 'trapped' ? outcome.code : outcome.kind);

describe.each(['throw', 'flag'] as const)('unwinding by %s', (unwind) => {
  it.each(ENDLESS)('%s, without an end but for the limit', async (name) => {
    const worker = await createWorker(await loadModule(wrap(name), { unwind }), { limits: { fuel: 10_000n } });
    expect(await worker.call('f')).toEqual({ kind: 'limit', limit: 'fuel' });
  });

  it.each(NAMES.filter((name) => !ENDLESS.includes(name)))('%s', async (name) => {
    const bytes = wrap(name);
    const module = await loadModule(bytes, { unwind });
    let polls = 0;
    const worker = await createWorker(module, { onPoll: () => (polls++ % 2 === 0 ? 'slice' : 'go on') });
    expect(endOf(await worker.call('f'))).toBe(runBare(bytes));
    expect(polls).toBeGreaterThanOrEqual(2); // stopped before it, and went on from there
    const movable = wrap(name, OWN_MEMORIES);
    const moved = await runStoppedEverywhere(await loadModule(movable, { unwind }), 'f');
    expect(endOf(moved.outcome)).toBe(runBare(movable));
    expect(moved.stops).toBeGreaterThanOrEqual(1);
  });
});
