/** Changes to a snapshot that its codec can still write: what someone might forge. Choices come from a tape. */
import type { Frame, HeapState, InstanceState, RefValue, Snapshot, Value } from '../../../runtime/engine/index.ts';
import type { Tape } from '../../../runtime/wasm/testing/differential.ts';

/** A copy of the data whose fields may be written. */
type Mutable<T> = T extends Uint8Array | bigint | number | string | boolean | null | undefined
  ? T
  : { -readonly [Key in keyof T]: Mutable<T[Key]> };
export type DraftSnapshot = Mutable<Snapshot>;
type DraftFrame = Mutable<Frame>;
type DraftInstance = Mutable<InstanceState>;
type DraftHeap = Mutable<HeapState>;
type DraftValue = Mutable<Value>;

const INTS = [0, 1, 2, 3, 5, 8, 17, 64, 255, 1000, 65_535, 65_536, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff] as const;

const VALUES: readonly ((tape: Tape) => DraftValue)[] = [
  (tape) => tape.pick([0, 1, -1, 7, 65_536, 0x7fff_ffff, -0x8000_0000, 0xffff_ffff]),
  (tape) => tape.pick([0n, 1n, -1n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n]),
  () => new Uint8Array(16).fill(0xa5),
  () => null,
  (tape): Mutable<RefValue> => ({ kind: 'func', index: tape.pick(INTS) }),
  (tape): Mutable<RefValue> => ({ kind: 'extern', handle: tape.pick(INTS) }),
  (tape): Mutable<RefValue> => ({ kind: 'exn', tag: tape.pick(INTS), values: [1] }),
  (tape): Mutable<RefValue> => ({ kind: 'object', index: tape.pick(INTS) }),
  (tape): Mutable<RefValue> => ({ kind: 'object', index: tape.below(12) }),
  (tape): Mutable<RefValue> => ({ kind: 'i31', value: tape.pick([0, 1, -1, 2 ** 30 - 1, -(2 ** 30)]) }),
];

const anyValue = (tape: Tape): DraftValue => tape.pick(VALUES)(tape);

/** A value near the given one: of its type, mostly. */
function nearValue(value: DraftValue | undefined, tape: Tape): DraftValue {
  if (tape.below(3) === 0) return anyValue(tape);
  if (typeof value === 'number') return (value + tape.pick([1, -1, 4096, 0x4000_0000])) | 0;
  if (typeof value === 'bigint') return BigInt.asIntN(64, value + BigInt(tape.pick(INTS)));
  return anyValue(tape);
}

function changeList<T>(list: T[], tape: Tape, make: (item: T | undefined) => T): void {
  const at = tape.below(list.length + 1);
  switch (tape.below(4)) {
    case 0:
      list.splice(at, 1);
      return;
    case 1:
      list.splice(at, 0, make(undefined));
      return;
    case 2:
      list.reverse();
      return;
    default:
      if (at < list.length) list[at] = make(list[at]);
  }
}

const FRAME_CHANGES: readonly ((frame: DraftFrame, tape: Tape) => void)[] = [
  (frame, tape) => (frame.func = tape.pick(INTS)),
  (frame, tape) => (frame.func = tape.below(12)),
  (frame, tape) => (frame.pc = tape.pick(INTS)),
  (frame, tape) => (frame.pc = tape.below(200)),
  (frame, tape) => (frame.pc = Math.max(0, frame.pc + tape.below(9) - 4)),
  (frame) => (frame.pc = 0),
  (frame) => (frame.instance = 1),
  (frame, tape) => changeList(frame.locals, tape, (value) => nearValue(value, tape)),
  (frame, tape) => changeList(frame.locals, tape, (value) => nearValue(value, tape)),
  (frame) => (frame.locals = frame.locals.map(() => undefined)),
  (frame) => (frame.locals = []),
  (frame, tape) => changeList(frame.stack, tape, (value) => nearValue(value, tape)),
  (frame) => (frame.stack = []),
  (frame, tape) =>
    changeList(frame.caught, tape, (entry) => ({
      pc: tape.below(2) === 0 ? (entry?.pc ?? 0) : tape.below(200),
      tag: tape.pick(INTS),
      values: Array.from({ length: tape.below(3) }, () => anyValue(tape)),
    })),
];

const STACK_CHANGES: readonly ((snapshot: DraftSnapshot, tape: Tape) => void)[] = [
  (snapshot, tape) => snapshot.frames.splice(tape.below(snapshot.frames.length + 1), 1),
  (snapshot) => snapshot.frames.reverse(),
  (snapshot) => void snapshot.frames.pop(),
  (snapshot) => (snapshot.frames = []),
  (snapshot, tape) => {
    const frame = snapshot.frames[tape.below(snapshot.frames.length)];
    if (frame !== undefined) snapshot.frames.splice(tape.below(snapshot.frames.length), 0, structuredClone(frame));
  },
  (snapshot, tape) => {
    const [frame] = snapshot.frames;
    const count = tape.pick([30, 200, 1001]);
    if (frame !== undefined) snapshot.frames.unshift(...Array.from({ length: count }, () => structuredClone(frame)));
  },
  (snapshot, tape) =>
    snapshot.frames.push({
      instance: 0,
      func: tape.below(8),
      pc: 0,
      locals: Array.from({ length: tape.below(4) }, () => anyValue(tape)),
      stack: [],
      caught: [],
    }),
];

const INSTANCE_CHANGES: readonly ((instance: DraftInstance, tape: Tape) => void)[] = [
  (instance) => (instance.module = instance.module.map((byte) => byte ^ 1)),
  (instance, tape) => changeList(instance.globals, tape, (value) => nearValue(value, tape)),
  (instance) => (instance.globals = instance.globals.map(() => undefined)),
  (instance, tape) => changeList(instance.memories, tape, () => ({ pages: tape.pick(INTS), runs: [] })),
  (instance, tape) => {
    const memory = instance.memories[tape.below(instance.memories.length)];
    if (memory !== undefined) memory.pages = tape.pick([0, 1, 2, 63, 64, 65, 65_536]);
  },
  (instance, tape) => {
    const memory = instance.memories[0];
    const offset = tape.pick([0, 4096, 65_536, 0xffff_f000]);
    memory?.runs.push({ offset, bytes: new Uint8Array(4096).fill(tape.below(256)) });
  },
  (instance, tape) => {
    for (const { bytes } of instance.memories.flatMap(({ runs }) => runs))
      bytes[tape.below(bytes.length)] = tape.below(256);
  },
  (instance, tape) => changeList(instance.tables, tape, () => ({ length: tape.pick(INTS), runs: [] })),
  (instance, tape) => {
    const table = instance.tables[tape.below(instance.tables.length)];
    if (table !== undefined) table.length = tape.pick([0, 1, 10, 999, 1001, 10_000_000]);
  },
  (instance, tape) => {
    const table = instance.tables[tape.below(instance.tables.length)];
    const values = Array.from({ length: 1 + tape.below(3) }, () => anyValue(tape) as Mutable<RefValue>); // the codec sorts it out
    if (table !== undefined) table.runs = [{ offset: tape.pick(INTS), values }];
  },
  (instance, tape) => changeList(instance.droppedDatas, tape, () => tape.pick(INTS)),
  (instance, tape) => changeList(instance.droppedElements, tape, () => tape.pick(INTS)),
];

const HEAP_CHANGES: readonly ((heap: DraftHeap, tape: Tape) => void)[] = [
  (heap, tape) => changeWord(heap, tape, () => tape.pick(INTS)),
  (heap, tape) => changeWord(heap, tape, (word) => word + tape.pick([1, -1, 2, 4, -4, 8])),
  (heap, tape) => changeWord(heap, tape, () => tape.below(heap.count + 2) * 4),
  (heap, tape) => changeWord(heap, tape, () => tape.below(heap.references.length + 1) * 4 + 2),
  (heap, tape) => changeWord(heap, tape, () => tape.below(12)),
  (heap, tape) => (heap.objects[tape.below(heap.objects.length)] = tape.below(256)),
  (heap, tape) => (heap.objects = heap.objects.slice(0, tape.below(heap.objects.length + 1))),
  (heap, tape) => (heap.objects = new Uint8Array([...heap.objects, ...new Uint8Array(tape.pick([1, 4, 8, 64]))])),
  (heap, tape) => (heap.count = tape.pick(INTS)),
  (heap, tape) => (heap.count += tape.pick([1, -1])),
  (heap, tape) => changeList(heap.references, tape, () => anyValue(tape) as Mutable<RefValue>), // the codec sorts it out
  (heap) => (heap.references = []),
];

/** Changes one aligned word of the objects: mostly a type, a length or a reference. */
function changeWord({ objects }: DraftHeap, tape: Tape, make: (word: number) => number): void {
  const view = new DataView(objects.buffer, objects.byteOffset, objects.byteLength);
  const at = 4 * tape.below(Math.floor(objects.byteLength / 4));
  if (at + 4 <= objects.byteLength) view.setUint32(at, make(view.getUint32(at, true)), true);
}

function changeHeap(instance: DraftInstance, tape: Tape): void {
  const { heap } = instance;
  if (heap === undefined) instance.heap = { count: 1, objects: new Uint8Array(tape.pick([4, 8, 12])), references: [] };
  else if (tape.below(12) === 0) delete instance.heap;
  else tape.pick(HEAP_CHANGES)(heap, tape);
}

const WHOLE_CHANGES: readonly ((snapshot: DraftSnapshot, tape: Tape) => void)[] = [
  (snapshot) => (snapshot.starting = !snapshot.starting),
  (snapshot) => (snapshot.version = 3),
  (snapshot, tape) => (snapshot.fuelUsed = tape.pick([0n, 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n])),
  (snapshot, tape) => (snapshot.restartState = tape.pick<unknown>([null, 1, 'x', { a: [1] }]) as never),
  (snapshot) => (snapshot.hosts = { other: 1 }),
  (snapshot) => (snapshot.instances = []),
  (snapshot) => {
    const [instance] = snapshot.instances;
    if (instance !== undefined) snapshot.instances.push(structuredClone(instance));
  },
];

/** Changes the snapshot in one to three places. */
export function mutateSnapshot(original: Snapshot, tape: Tape): DraftSnapshot {
  const draft = structuredClone(original) as DraftSnapshot; // a copy, plain data
  for (let count = 1 + tape.below(3); count > 0; count--) {
    const frame = draft.frames[tape.below(draft.frames.length)];
    const [instance] = draft.instances;
    const kind = tape.below(8);
    const hasHeap = instance?.heap !== undefined || draft.version === 3;
    if (hasHeap && instance !== undefined && tape.below(2) === 0) changeHeap(instance, tape);
    else if (kind < 4 && frame !== undefined) tape.pick(FRAME_CHANGES)(frame, tape);
    else if (kind < 5) tape.pick(STACK_CHANGES)(draft, tape);
    else if (kind < 7 && instance !== undefined) tape.pick(INSTANCE_CHANGES)(instance, tape);
    else tape.pick(WHOLE_CHANGES)(draft, tape);
  }
  return draft;
}
