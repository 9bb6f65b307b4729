/** The shape of one row of the opcode table. */

/** Kind of an immediate; an index names its index space, so that renumbering is a loop. */
export type ImmediateKind =
  | 'labelidx'
  | 'funcidx'
  | 'typeidx'
  | 'tableidx'
  | 'memidx'
  | 'globalidx'
  | 'localidx'
  | 'dataidx'
  | 'elemidx'
  | 'tagidx'
  | 'fieldidx'
  | 'blocktype'
  | 'memarg'
  | 'lane'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  | 'v128'
  | 'lanes16'
  | 'br_table'
  | 'try_table'
  | 'valtypes'
  | 'heaptype'
  | 'castflags'
  | 'u32';

/** How a row is written in the row files: name, prefix, code, immediates, signature, bytes accessed. */
export type RowSource = readonly [
  name: string,
  prefix: number,
  code: number,
  immediates: string,
  signature: string,
  accessBytes?: number,
];

export interface OpcodeRow {
  /** As the specification spells it; where two opcodes share a mnemonic the second has a suffix: 'select t', 'ref.test null'. */
  readonly name: string;
  /** 0, or the prefix byte 0xfb, 0xfc, 0xfd, 0xfe. */
  readonly prefix: number;
  readonly code: number;
  readonly immediates: readonly ImmediateKind[];
  /** '[i32 i32] -> [i32]' where the type is fixed (`addr`: the address type of the memory), otherwise the name of a typing rule. */
  readonly signature: string;
  /** Bytes read or written by a memory access, which is also its natural alignment; 0: none. */
  readonly accessBytes: number;
}
