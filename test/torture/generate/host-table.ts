/** The functions that generated programs may import, with what they do. All of them log their arguments: the program's output. */
import { EXTERNREF, F32, F64, FUNCREF, I32, I64, type ValType } from '../../../runtime/wasm/index.ts';

/** Payload of the tag that the host throws. */
export const HOST_TAG_PARAMS: readonly ValType[] = [I32, I64];
/** Objects that the host hands out as externrefs. */
export const HOST_OBJECTS: readonly object[] = Array.from({ length: 8 }, (_, handle) => ({ handle }));

/** How an answer comes: at once, thrown, or later (at once on the bare engine). */
export type Answer =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error' }
  | { readonly kind: 'tagged'; readonly payload: readonly unknown[] };

export interface HostRow {
  readonly name: string;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  /** The worker has to wait for the answer. */
  readonly waits?: boolean;
  readonly needs?: 'tag' | 'references';
  readonly answer: (...args: never[]) => Answer;
}

const value = (result: unknown): Answer => ({ kind: 'value', value: result });
const rounded = (x: number): number => Math.trunc(x % 1000) || 0;

export const HOST_ROWS: readonly HostRow[] = [
  { name: 'tick', params: [I32], results: [I32], answer: (x: number) => value((Math.imul(x, 5) + 1) | 0) },
  { name: 'note', params: [I32, I64], results: [], answer: () => value(undefined) },
  { name: 'nothing', params: [], results: [], answer: () => value(undefined) },
  {
    name: 'wide',
    params: [I64, F64],
    results: [I64],
    answer: (x: bigint, y: number) => value(BigInt.asIntN(64, x * 3n + BigInt(rounded(y)))),
  },
  { name: 'scale', params: [F32], results: [F32], answer: (x: number) => value(rounded(x) * 0.5) },
  {
    name: 'pair',
    params: [I32, F64],
    results: [F64, I32],
    answer: (x: number, y: number) => value([rounded(y) + 0.25, x ^ 7]),
  },
  { name: 'later', params: [I32], results: [I32], waits: true, answer: (x: number) => value(x ^ 0x55) },
  {
    name: 'laterWide',
    params: [I64, F32, I32],
    results: [I64],
    waits: true,
    answer: (x: bigint, y: number, z: number) => value(BigInt.asIntN(64, x + BigInt(rounded(y)) + BigInt(z))),
  },
  {
    name: 'laterFails',
    params: [I32],
    results: [I32],
    waits: true,
    answer: (x: number) => ((x & 3) === 2 ? { kind: 'error' } : value(x - 1)),
  },
  {
    name: 'fails',
    params: [I32],
    results: [I32],
    answer: (x: number) => ((x & 3) === 1 ? { kind: 'error' } : value((x + 1) | 0)),
  },
  {
    name: 'raises',
    params: [I32],
    results: [I32],
    needs: 'tag',
    answer: (x: number) => ((x & 1) === 1 ? { kind: 'tagged', payload: [x, BigInt(x) * 9n] } : value(x >> 1)),
  },
  {
    name: 'gives',
    params: [I32],
    results: [EXTERNREF],
    needs: 'references',
    answer: (x: number) => value((x & 8) === 8 ? null : HOST_OBJECTS[x & 7]),
  },
  {
    name: 'looks',
    params: [EXTERNREF, FUNCREF],
    results: [I32],
    needs: 'references',
    answer: (object: unknown, func: unknown) =>
      value(HOST_OBJECTS.indexOf(object as object) * 2 + (func === null ? 1 : 0)), // any value may be asked for
  },
  {
    name: 'many',
    params: [I32, I64, F32, F64, I32, I64, F32, F64, I32, I64, I32, I32, I64],
    results: [I64],
    waits: true,
    answer: (...args: readonly (number | bigint)[]) =>
      value(args.reduce<bigint>((sum, x) => BigInt.asIntN(64, sum * 31n + BigInt(Number(x) ? 1 : 2)), 7n)),
  },
];
