/**
 * The text of a config file: JSON, with the places of its fields.
 *
 * Boundary: knows nothing of settings. Values are those of `JSON.parse`, where a key `__proto__` is a key like any other; the
 * tree with the places is only built when somebody asks for one.
 */
import { type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';
import { PluvioError } from '../../errors/index.ts';

export const CONFIG_MAX_BYTES = 4 * 2 ** 20;

export interface TextPlace {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export class ConfigText {
  readonly name: string;
  readonly value: unknown;
  readonly #text: string;
  #tree: Node | undefined;

  /** @throws PluvioError `CONFIG_INVALID` */
  constructor(name: string, bytes: Uint8Array) {
    this.name = name;
    if (bytes.length > CONFIG_MAX_BYTES) {
      throw new PluvioError(
        'CONFIG_INVALID',
        `${name} has ${bytes.length} bytes; at most ${CONFIG_MAX_BYTES} are read`,
      );
    }
    this.#text = '';
    try {
      this.#text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      this.value = JSON.parse(this.#text);
    } catch (cause) {
      throw new PluvioError('CONFIG_INVALID', this.#notJson(cause), { file: name }, { cause });
    }
  }

  /** Keys that stand twice in one object; the last one would silently win. */
  duplicates(): { readonly key: string; readonly place: TextPlace }[] {
    const found: { key: string; place: TextPlace }[] = [];
    const pending = [this.#root()];
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      const seen = new Set<unknown>();
      for (const child of node.children ?? []) {
        const key: unknown = child.type === 'property' ? child.children?.[0]?.value : undefined;
        if (typeof key === 'string' && seen.has(key)) found.push({ key, place: this.#placeAt(child.offset) });
        seen.add(key);
        pending.push(child);
      }
    }
    return found;
  }

  /** Where a field such as `trust.publishers[0].key` stands, or the innermost field around it that does. */
  placeOf(field: string): TextPlace {
    let node = this.#root();
    let rest = field;
    let offset = node.offset;
    while (rest !== '') {
      const step: Node | undefined = node.type === 'array' ? itemOf(node, rest) : memberOf(node, rest);
      if (step === undefined) break;
      const taken = step.type === 'property' ? String(step.children?.[0]?.value).length : rest.indexOf(']') + 1;
      rest = rest.slice(taken).replace(/^\./, '');
      offset = step.offset;
      node = step.type === 'property' ? (step.children?.[1] ?? step) : step;
    }
    return this.#placeAt(offset);
  }

  #root(): Node {
    try {
      this.#tree ??= parseTree(this.#text);
    } catch (cause) {
      throw new PluvioError('CONFIG_INVALID', `${this.name} is nested too deeply`, { file: this.name }, { cause });
    }
    if (this.#tree === undefined) throw new PluvioError('INTERNAL', `${this.name} was JSON and has no tree`);
    return this.#tree;
  }

  /** `F:6:27: is not JSON: value expected`; of bytes that are no text what the decoder says. */
  #notJson(cause: unknown): string {
    const [first] = syntaxFaults(this.#text);
    if (first === undefined) return `${this.name} is not JSON: ${(cause as Error).message}`; // TextDecoder and JSON.parse throw Errors
    const { line, column } = this.#placeAt(first.offset);
    const words = printParseErrorCode(first.error).replace(/(?<=.)[A-Z]/g, (letter) => ` ${letter}`);
    return `${this.name}:${line}:${column}: is not JSON: ${words.toLowerCase()}`;
  }

  #placeAt(offset: number): TextPlace {
    const before = this.#text.slice(0, offset);
    return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
  }
}

/** Where a text is no JSON. */
function syntaxFaults(text: string): readonly ParseError[] {
  const faults: ParseError[] = [];
  try {
    parseTree(text, faults, { disallowComments: true });
  } catch {
    return []; // nested too deeply
  }
  return faults;
}

const startsWithField = (rest: string, key: string): boolean =>
  rest.startsWith(key) && (rest.length === key.length || /^[.[]/.test(rest.slice(key.length)));

/** The member whose key is the longest beginning of `rest`: keys may contain dots. */
function memberOf(node: Node, rest: string): Node | undefined {
  const fitting = (node.children ?? []).filter((child) => {
    const key: unknown = child.children?.[0]?.value;
    return child.type === 'property' && typeof key === 'string' && key !== '' && startsWithField(rest, key);
  });
  const length = (child: Node): number => String(child.children?.[0]?.value).length;
  return fitting.sort((a, b) => length(b) - length(a))[0];
}

function itemOf(node: Node, rest: string): Node | undefined {
  const index = /^\[(\d+)\]/.exec(rest)?.[1];
  return index === undefined ? undefined : node.children?.[Number(index)];
}
