/** Where the state of a worker lies that is not in memory, and how it gets there. */
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { PluvioError } from '../errors/index.ts';
import { loadProgram, type Program } from './program.ts';
import { joinSideStates } from './side-state.ts';
import type { Checkpoint, CheckpointLayer, NewTimer, NodeStore, StoredCheckpoint } from './store/index.ts';
import type { GuestState, KeptStack, Standing } from './threads/engine-protocol.ts';
import type { WorkerRecord } from './worker-record.ts';
import type { WorkerServices } from './worker-services.ts';

const compress = promisify(zstdCompress);
const decompress = promisify(zstdDecompress);

const COMPRESS_MIN_BYTES = 16 * 1024;
/** Magic number of a zstd frame (RFC 8878, section 3.1.1); no snapshot begins so. */
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];
const SNAPSHOT_MAX_BYTES = 2 ** 32 - 1;

/** A snapshot as the store has it. */
export async function packSnapshot(bytes: Uint8Array): Promise<Uint8Array> {
  return bytes.length < COMPRESS_MIN_BYTES ? bytes : compress(bytes);
}

async function unpackSnapshot(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = ZSTD_MAGIC.every((byte, at) => bytes[at] === byte);
  return packed ? decompress(bytes, { maxOutputLength: SNAPSHOT_MAX_BYTES }) : bytes;
}

/** What a worker is brought into memory with. */
export interface LoadedState {
  readonly program: Program;
  readonly state: GuestState | null;
}

/** @throws PluvioError codes of bundle and module, `WORKER_DAMAGED` */
export async function loadState(
  services: Pick<WorkerServices, 'shelf' | 'modules' | 'quotas'> & { readonly store: NodeStore },
  { name, checkpoint, bundle }: Pick<WorkerRecord, 'name' | 'checkpoint' | 'bundle'>,
): Promise<LoadedState> {
  if (checkpoint?.stored !== true) return bundledState(await loadProgram(services, checkpoint?.bundle ?? bundle));
  const stored = await services.store.checkpoint(name);
  if (stored === undefined) {
    throw new PluvioError('WORKER_DAMAGED', `the checkpoint of worker "${name}" is not in the store`, { worker: name });
  }
  const program = await loadProgram(services, stored.base);
  return { program, state: await stateOf(stored, program) };
}

/** The stack of a state that is kept, without its program being loaded; null: it is that of the module as it begins. */
export async function keptStack(
  { shelf, store }: Pick<WorkerServices, 'shelf'> & { readonly store: NodeStore },
  { name, checkpoint, bundle }: Pick<WorkerRecord, 'name' | 'checkpoint' | 'bundle'>,
): Promise<KeptStack | null> {
  const stored = checkpoint?.stored === true ? await store.checkpoint(name) : undefined;
  const { module, snapshot } = await shelf.open(stored?.base ?? checkpoint?.bundle ?? bundle);
  if (stored !== undefined && stored.delta !== null) return { module, state: await unpackSnapshot(stored.delta) };
  return snapshot === undefined ? null : { module, state: snapshot.frames.map(({ func, pc }) => ({ func, pc })) };
}

/** The state of a checkpoint whose base is the program's bundle; `below`: what it stands on. */
export async function stateOf(
  { delta, below = [] }: Pick<Checkpoint, 'delta'> & { readonly below?: readonly CheckpointLayer[] },
  program: Program,
): Promise<GuestState | null> {
  if (delta === null) return bundledState(program).state;
  const layers = below.flatMap((layer) => (layer.delta === null ? [] : [layer.delta])); // none is: the store sees to it
  const [snapshot, ...under] = await Promise.all([delta, ...layers].map(unpackSnapshot));
  const [base = null, ...between] = under;
  return { snapshot: snapshot ?? delta, base, between };
}

/** The side state of a checkpoint, whole; null: it has none. */
export function sideOf(stored: StoredCheckpoint | undefined): Uint8Array | null {
  if (stored === undefined) return null;
  const [whole, ...changes] = [...stored.below, stored].map(({ side }) => side);
  if (changes.length === 0) return stored.side;
  return joinSideStates(
    whole ?? null,
    changes.filter((side) => side !== null),
  );
}

/** The state that a bundle holds. */
export function bundledState(program: Program): LoadedState {
  const { snapshot } = program.bundle;
  return { program, state: snapshot === undefined ? null : { snapshot, base: null } };
}

/** Timers as the store has them; their payloads are in the worker's state. */
export const timersOf = ({ timers }: Standing): NewTimer[] =>
  timers.map(({ id, dueMs }) => ({ id, dueMs, payload: new Uint8Array() }));
