/**
 * Reads the lexical level of the WebAssembly text format (core specification 6.3): lists, strings, atoms, each with its place.
 *
 * Boundary: knows nothing of modules or commands. Comments and annotations are skipped; they stay in the text of a list.
 */

export interface Atom {
  readonly kind: 'atom';
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

export interface Text {
  readonly kind: 'string';
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export interface List {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly start: number;
  readonly end: number;
}

export type Node = Atom | Text | List;

/** A fault of a script; `at` is an offset of its text. */
export class ScriptError extends Error {
  readonly at: number;

  constructor(at: number, message: string) {
    super(message);
    this.at = at;
  }
}

/** The lists at the top level of a text. @throws ScriptError */
export function readLists(source: string): List[] {
  const reader = { source, at: 0 };
  const lists: List[] = [];
  for (;;) {
    skipBlank(reader);
    if (reader.at >= source.length) return lists;
    const node = readNode(reader);
    if (node === undefined) continue;
    if (node.kind !== 'list') throw new ScriptError(node.start, `found ${node.kind}; a script is made of lists`);
    lists.push(node);
  }
}

/** Tells the line of an offset, counted from 1. */
export function lineCounter(source: string): (at: number) => number {
  const starts = [0];
  for (let at = source.indexOf('\n'); at >= 0; at = source.indexOf('\n', at + 1)) starts.push(at + 1);
  return (at) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((starts[middle] ?? 0) <= at) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

interface Reader {
  readonly source: string;
  at: number;
}

const BLANK = /(?:\s+|;;[^\n]*)*/y;

function skipBlank(reader: Reader): void {
  for (;;) {
    BLANK.lastIndex = reader.at;
    BLANK.exec(reader.source);
    reader.at = BLANK.lastIndex;
    if (!reader.source.startsWith('(;', reader.at)) return;
    skipBlockComment(reader);
  }
}

function skipBlockComment(reader: Reader): void {
  const { source, at: start } = reader;
  const edge = /\(;|;\)/g;
  let depth = 0;
  edge.lastIndex = start;
  for (let match = edge.exec(source); match !== null; match = edge.exec(source)) {
    depth += match[0] === '(;' ? 1 : -1;
    if (depth > 0) continue;
    reader.at = edge.lastIndex;
    return;
  }
  throw new ScriptError(start, 'a block comment has no end');
}

/** undefined: it was an annotation. */
function readNode(reader: Reader): Node | undefined {
  const { source, at: start } = reader;
  if (source[start] === '(') return readList(reader);
  if (source[start] === '"') return readString(reader);
  const atom = /[^\s()";]+/y;
  atom.lastIndex = start;
  const [text] = atom.exec(source) ?? [];
  if (text === undefined)
    throw new ScriptError(start, `found ${JSON.stringify(source[start])}; expected a list or an atom`);
  reader.at += text.length;
  return { kind: 'atom', text, start, end: reader.at };
}

function readList(reader: Reader): List | undefined {
  const { source, at: start } = reader;
  const items: Node[] = [];
  reader.at++;
  const annotation = source[reader.at] === '@';
  for (;;) {
    skipBlank(reader);
    if (reader.at >= source.length) throw new ScriptError(start, 'a list has no end');
    if (source[reader.at] === ')') break;
    if (annotation && source[reader.at] === ';') {
      reader.at++; // any token may stand in an annotation
      continue;
    }
    const node = readNode(reader);
    if (node !== undefined) items.push(node);
  }
  reader.at++;
  return annotation ? undefined : { kind: 'list', items, start, end: reader.at };
}

const utf8 = new TextEncoder();
const ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, '"': 34, "'": 39, '\\': 92 };

function readString(reader: Reader): Text {
  const { source, at: start } = reader;
  const bytes: number[] = [];
  const part = /([^"\\\n]+)|\\u\{([0-9a-fA-F_]+)\}|\\([0-9a-fA-F]{2})|\\(.)/y;
  part.lastIndex = start + 1;
  for (let match = part.exec(source); match !== null; match = part.exec(source)) {
    reader.at = part.lastIndex;
    const [, plain, scalar, hexadecimal, escape] = match;
    if (plain !== undefined) bytes.push(...utf8.encode(plain));
    else if (scalar !== undefined) bytes.push(...utf8.encode(String.fromCodePoint(Number.parseInt(scalar, 16))));
    else if (hexadecimal !== undefined) bytes.push(Number.parseInt(hexadecimal, 16));
    else bytes.push(escapeByte(escape ?? '', reader.at));
    reader.at = part.lastIndex;
  }
  if (bytes.length === 0) reader.at = start + 1;
  if (source[reader.at] !== '"') throw new ScriptError(start, 'a string has no end');
  reader.at++;
  return { kind: 'string', bytes: Uint8Array.from(bytes), start, end: reader.at };
}

function escapeByte(escape: string, at: number): number {
  const byte = ESCAPES[escape];
  if (byte === undefined) throw new ScriptError(at, `\\${escape} is no escape`);
  return byte;
}
