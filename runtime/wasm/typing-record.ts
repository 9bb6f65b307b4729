/** What `typeFunction` reads and what it records. */
import type { ElementSegment, Func, Global, Memory, Table, Tag } from './module.ts';
import type { SubType } from './types.ts';

/** The module as bodies see it (core specification 3.1.1). `contextOf` makes one. */
export interface TypingContext {
  readonly types: readonly SubType[];
  readonly funcs: readonly Pick<Func, 'typeIndex'>[];
  readonly tables: readonly Pick<Table, 'type'>[];
  readonly memories: readonly Pick<Memory, 'type'>[];
  readonly globals: readonly Pick<Global, 'type'>[];
  readonly tags: readonly Pick<Tag, 'type'>[];
  readonly elements: readonly Pick<ElementSegment, 'type'>[];
  /** Number of data segments; undefined: the module has no data count section. */
  readonly dataCount: number | undefined;
  /** Whether `ref.func` may name the function. */
  readonly declaredFuncs: (funcIndex: number) => boolean;
}

/** The typing of one body. The arrays are reused: their lengths are capacities. */
export interface Typing {
  /** Per row: node on top of the operand stack before the instruction; -1: empty; -2: the row is unreachable. */
  top: Int32Array;
  nodeCount: number;
  nodeType: Int32Array;
  /** Node under it; -1: none. */
  nodeBelow: Int32Array;
  /** Number of values under it in the whole function. */
  nodeHeight: Int32Array;
  /** Row that produced it. */
  nodeProducer: Int32Array;
  /** Position among the producer's results. */
  nodeResult: Int32Array;
  /** Per row of block, loop, if, try, try_table: height of the operand stack at entry without the block's parameters. */
  blockHeight: Int32Array;
}

export const UNREACHABLE_TOP = -2;

/** An empty typing with buffers for this many rows. */
export function newTyping(rows: number): Typing {
  const nodes = rows + 16;
  return {
    top: new Int32Array(rows),
    nodeCount: 0,
    nodeType: new Int32Array(nodes),
    nodeBelow: new Int32Array(nodes),
    nodeHeight: new Int32Array(nodes),
    nodeProducer: new Int32Array(nodes),
    nodeResult: new Int32Array(nodes),
    blockHeight: new Int32Array(rows),
  };
}
