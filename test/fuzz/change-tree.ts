/** Changes to plain data (JSON, MessagePack) that know nothing of its schema: any node may become another, anywhere. */
import type { Choices } from './choices.ts';

type Container = unknown[] | Record<string, unknown>;

/** A place in the tree: what holds the node, and under which key. */
interface Place {
  readonly holder: Container;
  readonly key: string;
}

const TEXTS = [
  ...[
    '',
    'x',
    '__proto__',
    'constructor',
    'toString',
    'hasOwnProperty',
    '..',
    '../../etc/passwd',
    '/etc/passwd',
    'a/b',
  ],
  ...['\0', 'a\0b', '\ud800', '\u202e', 'NaN', '-1', '1e400', '9'.repeat(40), 'é'.repeat(300), 'a'.repeat(70_000)],
  ...['sha256:', `sha256:${'0'.repeat(64)}`, `sha256:${'A'.repeat(64)}`, 'C:\\x', './x', 'x/', '//x', '%2e%2e%2f'],
] as const;

/** Values of types that JSON has too. */
const SHARED_LEAVES: readonly ((choices: Choices) => unknown)[] = [
  (choices) => choices.edge(),
  (choices) => -choices.edge(),
  (choices) => choices.pick([0.5, -0, 1e300, 2 ** 53, 2 ** 53 + 2, 1e-310, -1]),
  (choices) => choices.pick(TEXTS),
  () => null,
  (choices) => choices.oneIn(2),
  () => [],
  () => ({}),
];

/** Values that MessagePack has besides. */
const BINARY_LEAVES: readonly ((choices: Choices) => unknown)[] = [
  (choices) => choices.bits64(),
  (choices) => BigInt(choices.edge()),
  (choices) => -BigInt(choices.edge()),
  (choices) => choices.pick([2n ** 64n - 1n, 2n ** 63n, -(2n ** 63n), 2n ** 53n]),
  (choices) => choices.bytes(choices.pick([0, 1, 15, 16, 17, 31, 32, 33])),
  (choices) => choices.pick([NaN, Infinity, -Infinity]),
];

export interface TreeOptions {
  /** Whether the format has bytes and 64-bit integers. */
  readonly binary: boolean;
}

const isContainer = (value: unknown): value is Container =>
  typeof value === 'object' && value !== null && !(value instanceof Uint8Array);

function placesOf(root: Container): Place[] {
  const places: Place[] = [];
  const visit = (holder: Container, depth: number): void => {
    for (const key of Object.keys(holder)) {
      places.push({ holder, key });
      const child = read({ holder, key });
      if (isContainer(child) && depth < 100 && places.length < 20_000) visit(child, depth + 1);
    }
  };
  visit(root, 0);
  return places;
}

const read = ({ holder, key }: Place): unknown => (holder as Record<string, unknown>)[key];

function write({ holder, key }: Place, value: unknown): void {
  Object.defineProperty(holder, key, { value, enumerable: true, writable: true, configurable: true });
}

function remove({ holder, key }: Place): void {
  if (Array.isArray(holder)) holder.splice(Number(key), 1);
  else Reflect.deleteProperty(holder, key);
}

function leaf(choices: Choices, { binary }: TreeOptions): unknown {
  const leaves = binary && choices.oneIn(2) ? BINARY_LEAVES : SHARED_LEAVES;
  return choices.pick(leaves)(choices);
}

/** A value near the old one: of its type. */
function near(value: unknown, choices: Choices, options: TreeOptions): unknown {
  if (typeof value === 'number') return choices.oneIn(3) ? choices.edge() : value + choices.pick([1, -1, 2, 4096, 0.5]);
  if (typeof value === 'bigint')
    return choices.oneIn(3) ? choices.bits64() : value + BigInt(choices.pick([1, -1, 256]));
  if (typeof value === 'boolean') return !value;
  if (typeof value === 'string') return nearText(value, choices);
  if (value instanceof Uint8Array) return nearBytes(value, choices);
  return leaf(choices, options);
}

function nearText(text: string, choices: Choices): string {
  const at = choices.below(text.length + 1);
  const insert = choices.pick(['', '', '/', '\0', '.', 'A', '0', '..', ' ', ...TEXTS]);
  return text.slice(0, at) + insert + text.slice(at + choices.below(3));
}

function nearBytes(bytes: Uint8Array, choices: Choices): Uint8Array {
  if (choices.oneIn(3)) return bytes.subarray(0, choices.below(bytes.length + 1));
  const changed = Uint8Array.from(bytes);
  changed[choices.below(changed.length)] = choices.below(256);
  return changed;
}

/** The value inside so many arrays or objects. */
function nested(value: unknown, depth: number, asArray: boolean): unknown {
  let result = value;
  for (let level = 0; level < depth; level++) result = asArray ? [result] : { a: result };
  return result;
}

const CHANGES: readonly ((place: Place, choices: Choices, all: readonly Place[], options: TreeOptions) => void)[] = [
  (place, choices, _, options) => write(place, near(read(place), choices, options)),
  (place, choices, _, options) => write(place, near(read(place), choices, options)),
  (place, choices, _, options) => write(place, leaf(choices, options)),
  (place) => remove(place),
  (place, choices, all) => write(place, structuredClone(read(choices.pick(all)))),
  (place, choices, all) => write(place, read(choices.pick(all))), // may share a part, or make a cycle
  (place, choices, all) => {
    const other = choices.pick(all);
    const value = read(place);
    write(place, read(other));
    write(other, value);
  },
  (place, choices) => write(place, nested(read(place), choices.pick([1, 2, 40, 62, 63, 64, 70]), choices.oneIn(2))),
  (place, choices) => {
    const value = read(place);
    if (!Array.isArray(value) || value.length === 0) return;
    const item: unknown = choices.pick(value);
    const count = choices.pick(isContainer(item) ? [1, 1, 2, 30] : [1, 1, 2, 100, 3000]); // shared parts multiply
    value.splice(choices.below(value.length), 0, ...Array.from({ length: count }, () => item));
  },
  (place) => {
    const value = read(place);
    if (Array.isArray(value)) value.reverse();
  },
  (place, choices, _, options) => {
    const value = read(place);
    if (Array.isArray(value)) value.push(leaf(choices, options));
    else if (isContainer(value)) write({ holder: value, key: choices.pick(TEXTS) }, leaf(choices, options));
  },
];

/** Changes one node of the tree, in place. */
export function changeTree(root: Container, choices: Choices, options: TreeOptions): void {
  const places = placesOf(root);
  if (places.length === 0) return;
  choices.pick(CHANGES)(choices.pick(places), choices, places, options);
}

/** The data as JSON text; what JSON cannot carry (a cycle, a bigint) makes it undefined. */
export function jsonOf(tree: unknown): string | undefined {
  try {
    return JSON.stringify(tree);
  } catch {
    return undefined;
  }
}
