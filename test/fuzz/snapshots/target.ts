/** Snapshots: forged in their fields, in their structure, in their bytes. What is taken runs, under limits. */
import { decodePlain } from '../../../runtime/engine/messagepack.ts';
import { encodeSnapshot, restoreWorker, type Worker } from '../../../runtime/index.ts';
import { PluvioError } from '../../../runtime/errors/index.ts';
import { mutateSnapshot } from '../../engine/generate/mutate-snapshot.ts';
import { changeBytes } from '../change-bytes.ts';
import { changeTree } from '../change-tree.ts';
import { Choices } from '../choices.ts';
import { checkOutcome } from '../modules/run-module.ts';
import { type Input, mustHold, type Target, Violation } from '../target.ts';
import { type BaseSnapshot, loadBaseSnapshots } from './bases.ts';
import { looseMessagePack } from './loose-messagepack.ts';

/** Magic, version, size of the state: see docs/snapshot-format.md, "Layout". */
const HEADER_BYTES = 12;
const STATE_SIZE_AT = 8;

/** Changed by somebody who knows what the fields mean. */
function forgeFields({ snapshot, bytes }: BaseSnapshot, choices: Choices): Uint8Array {
  try {
    return encodeSnapshot(mutateSnapshot(snapshot, choices.tape(60)));
  } catch {
    return bytes; // what was made cannot be written
  }
}

/** Changed by somebody who knows how it is encoded. */
function forgeTree({ bytes }: BaseSnapshot, choices: Choices): Uint8Array {
  const stateBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(STATE_SIZE_AT, true);
  const memoryAt = HEADER_BYTES + stateBytes;
  const root = { state: decodePlain(bytes.subarray(HEADER_BYTES, memoryAt)) };
  choices.changes(4, (own) => changeTree(root, own, { binary: true }));
  const state = looseMessagePack(root.state, choices);
  const memory = bytes.subarray(memoryAt);
  const result = new Uint8Array(HEADER_BYTES + state.length + memory.length);
  result.set(bytes.subarray(0, HEADER_BYTES));
  new DataView(result.buffer).setUint32(STATE_SIZE_AT, state.length, true);
  result.set(state, HEADER_BYTES);
  result.set(memory, HEADER_BYTES + state.length);
  return result;
}

function damage({ bytes }: BaseSnapshot, choices: Choices, donor: BaseSnapshot): Uint8Array {
  let changed = bytes;
  choices.changes(4, (own) => (changed = changeBytes(changed, own, donor.bytes)));
  return changed;
}

const isRefusalOf = (code: string, error: unknown): boolean => error instanceof PluvioError && error.code === code;

/** What was taken must be possible to give away, and to take again. */
async function checkRoundTrip({ module, options }: BaseSnapshot, bytes: Uint8Array): Promise<void> {
  const taken = await restoreWorker(module, bytes, options());
  let given: Uint8Array;
  try {
    given = taken.snapshot();
  } catch (error) {
    if (isRefusalOf('NOT_MIGRATABLE', error)) return;
    throw error;
  } finally {
    await taken.close();
  }
  try {
    const { base: _, ...whole } = options();
    const again = await restoreWorker(module, given, whole);
    mustHold(Buffer.compare(again.snapshot(), given) === 0, () => 'the snapshot of a restored worker changed');
    await again.close();
  } catch (error) {
    throw new Violation(`the snapshot of a worker that was restored is refused: ${String(error)}`, { cause: error });
  }
}

/** @throws Violation a worker that was taken and has run cannot be given away */
function checkGiven(worker: Worker): void {
  try {
    worker.snapshot();
  } catch (error) {
    if (!isRefusalOf('NOT_MIGRATABLE', error))
      throw new Violation(`no snapshot of a worker: ${String(error)}`, { cause: error });
  }
}

async function restoreAndRun(base: BaseSnapshot, { bytes, salt }: Input): Promise<string> {
  const choices = new Choices(salt, 1);
  const worker = await restoreWorker(base.module, bytes, base.options());
  const { state } = worker;
  if (choices.oneIn(4)) await checkRoundTrip(base, bytes);
  const outcome = await (state === 'idle' ? worker.call(...base.call) : worker.resume());
  checkOutcome(outcome);
  if (worker.state === 'stopped' && base.module.portability.migratable) checkGiven(worker);
  await worker.close();
  return `${state}, ${outcome.kind}`;
}

export async function openSnapshotTarget(): Promise<Target> {
  const bases = await loadBaseSnapshots();
  const byName = new Map(bases.map((base) => [base.name, base]));
  const [functions, commands] = (['function', 'command'] as const).map((kind) =>
    bases.filter((base) => base.kind === kind),
  ) as [BaseSnapshot[], BaseSnapshot[]]; // two kinds
  const manners = [forgeFields, forgeFields, forgeTree, forgeTree, damage];
  return {
    make(choices): Input {
      const salt = choices.bits32();
      const base = choices.pick(choices.oneIn(25) ? commands : functions);
      const manner = choices.pick(manners);
      const belongsTo = choices.oneIn(200) ? choices.pick(bases) : base;
      return { base: belongsTo.name, salt, bytes: manner(base, choices, choices.pick(bases)) };
    },
    check(input) {
      const base = byName.get(input.base);
      if (base === undefined) throw new Error(`there is no snapshot ${input.base}`);
      return restoreAndRun(base, input);
    },
  };
}
