/** Bodies of the functions that fusing adds. */
import { ByteWriter, OP, writeLocals, writeOpcode } from '../wasm/index.ts';
import { flatValType } from './core-signatures.ts';
import type { FlatType } from './value-types.ts';

/** Block type of an `if` without values. */
const EMPTY_BLOCK = 0x40;
/** Id of the subsection with the names of functions. */
const FUNCTION_NAMES = 1;

function body(locals: readonly FlatType[], write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writeLocals(writer, locals.map(flatValType), 0);
  write(writer);
  writeOpcode(writer, OP.end);
  return writer.toBytes();
}

function index(writer: ByteWriter, op: number, value: number): void {
  writeOpcode(writer, op);
  writer.u32(value);
}

/** Functions by index; undefined where there is nothing to do. */
export interface CallParts {
  readonly args: number | undefined;
  readonly core: number;
  readonly results: readonly FlatType[];
  readonly result: number | undefined;
  readonly postReturn: number | undefined;
}

/** Arguments from the host, the call, its results to the host, and the clean-up of the component's own, which takes them, too. */
export const callBody = ({ args, core, results, result, postReturn }: CallParts): Uint8Array =>
  body(results, (writer) => {
    if (args !== undefined) index(writer, OP.call, args);
    index(writer, OP.call, core);
    for (let local = results.length - 1; local >= 0; local--) index(writer, OP['local.set'], local);
    for (const func of [result, postReturn]) {
      if (func === undefined) continue;
      results.forEach((_, local) => index(writer, OP['local.get'], local));
      index(writer, OP.call, func);
    }
  });

/** `wasi:cli/run`: the host is told when its result is not 0. */
export const commandBody = (run: number, failed: number): Uint8Array =>
  body([], (writer) => {
    index(writer, OP.call, run);
    writeOpcode(writer, OP.if);
    writer.byte(EMPTY_BLOCK);
    index(writer, OP.call, failed);
    writeOpcode(writer, OP.end);
  });

/** `resource.drop`: the host gives what is to be ended, or -1. */
export const dropBody = (host: number, destructor: number): Uint8Array =>
  body(['i64'], (writer) => {
    index(writer, OP['local.get'], 0);
    index(writer, OP.call, host);
    index(writer, OP['local.tee'], 1);
    writeOpcode(writer, OP['i64.const']);
    writer.s64(-1n);
    writeOpcode(writer, OP['i64.ne']);
    writeOpcode(writer, OP.if);
    writer.byte(EMPTY_BLOCK);
    index(writer, OP['local.get'], 1);
    writeOpcode(writer, OP['i32.wrap_i64']);
    index(writer, OP.call, destructor);
    writeOpcode(writer, OP.end);
  });

export const startBody = (starts: readonly number[]): Uint8Array =>
  body([], (writer) => {
    for (const start of starts) index(writer, OP.call, start);
  });

/** Content of a name section with names of functions. */
export function nameSection(names: readonly (readonly [index: number, name: string])[]): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(FUNCTION_NAMES);
  writer.sized((section) => {
    section.u32(names.length);
    for (const [func, name] of [...names].sort(([a], [b]) => a - b)) {
      section.u32(func);
      section.name(name);
    }
  });
  return writer.toBytes();
}
