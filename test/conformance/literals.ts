/**
 * Bits of the literals of a script.
 *
 * One module with a global per literal goes through the text parser, and the globals' initial values are read from the binary. So
 * rounding, NaN payloads and the shapes of vectors are the text format's, not JavaScript's.
 */
import { decodeModule, openReader, type Reader, readS32, readS64 } from '../../runtime/wasm/index.ts';
import type { Argument, Command, Literal, Pattern } from './script.ts';
import { moduleOfText } from './text-module.ts';

/** Bits by the literal's text: two's complement or IEEE 754, unsigned, lane 0 lowest. */
export type LiteralBits = ReadonlyMap<string, bigint>;

export async function resolveLiterals(commands: readonly Command[]): Promise<LiteralBits> {
  const literals = new Map<string, Literal>();
  for (const literal of commands.flatMap(literalsOf)) literals.set(literal.text, literal);
  const list = [...literals.values()];
  const text = list.map((literal) => `(global ${literal.type} (${literal.text}))`).join('\n');
  const module = decodeModule(await moduleOfText(`(module ${text})`));
  return new Map(
    list.map(({ text: key, type }, index) => {
      const range = module.globals[index]?.init;
      if (range === undefined) throw new Error(`literal ${key} has no global`);
      return [key, READERS[type](openReader(module.bytes, range.start + OPCODE_BYTES[type], range.end))];
    }),
  );
}

const OPCODE_BYTES = { i32: 1, i64: 1, f32: 1, f64: 1, v128: 2 } as const;

const READERS = {
  i32: (reader) => BigInt.asUintN(32, BigInt(readS32(reader))),
  i64: (reader) => BigInt.asUintN(64, readS64(reader)),
  f32: (reader) => littleEndian(reader, 4),
  f64: (reader) => littleEndian(reader, 8),
  v128: (reader) => littleEndian(reader, 16),
} as const satisfies Record<Literal['type'], (reader: Reader) => bigint>;

function littleEndian({ bytes, pos }: Reader, count: number): bigint {
  return bytes.subarray(pos, pos + count).reduceRight((bits, byte) => (bits << 8n) | BigInt(byte), 0n);
}

function literalsOf(command: Command): Literal[] {
  if (command.kind === 'assert_return') {
    return [...command.action.args.flatMap(ofArgument), ...command.patterns.flatMap(ofPattern)];
  }
  if ('action' in command) return command.action.args.flatMap(ofArgument);
  if (command.kind === 'assert_trap' && 'args' in command.subject) return command.subject.args.flatMap(ofArgument);
  return [];
}

const ofArgument = (argument: Argument): Literal[] => (argument.kind === 'literal' ? [argument] : []);

function ofPattern(pattern: Pattern): Literal[] {
  if (pattern.kind === 'either') return pattern.patterns.flatMap(ofPattern);
  return pattern.kind === 'number' ? [pattern.literal] : [];
}
