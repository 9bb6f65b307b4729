export { blockParamTypes, blockResultTypes, funcTypeAt } from './block-types.ts';
export { BLOCK_EMPTY, BLOCK_KIND, Code } from './code.ts';
export { decodeExpr, decodeFunction, type FunctionBody } from './code-decode.ts';
export {
  encodeCode,
  encodeImmediates,
  encodeInstr,
  writeBlockType,
  writeHeapType,
  writeLocals,
  writeOpcode,
  writeValType,
} from './code-encode.ts';
export { linkCode, pushAux, pushRow } from './code-rows.ts';
export { contextOf } from './context.ts';
export { decodeModule } from './decode-module.ts';
export * from './encode-module.ts';
export type * from './module.ts';
export type { ImmediateKind, OpcodeRow } from './opcode-row.ts';
export { OP, OPCODES, type OpName, PLAIN_OPS, rowOfCode } from './opcode-table.ts';
export * from './reader.ts';
export { isHeapSubtype, isSameType, isSubtype, type SubtypeContext } from './subtype.ts';
export { heapText, typesText, typeText } from './type-text.ts';
export * from './types.ts';
export { newTyping, type Typing, type TypingContext } from './typing-record.ts';
export { typeFunction, type TypingOptions } from './typing.ts';
export { hex, withPath } from './wasm-error.ts';
export { WASM_LIMITS } from './wasm-limits.ts';
export { ByteWriter } from './writer.ts';
export { validateDefinitions, validateModule, functionPath } from './validate.ts';
export { decodeNames, type IndirectNameMap, type ModuleNames, type NameMap } from './names.ts';
export { immediatesText, printCode, printFunction, printModule, rowText } from './print.ts';
