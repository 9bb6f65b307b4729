/**
 * Writes the program that is compiled in place of a project's own: it exports a function without parameters for each typed one, which takes
 * its arguments as JSON by the host ABI, calls it, and gives the result back as JSON.
 *
 * ```ts
 * export function greet(name: string): string   // the project's
 *
 * function $call_greet(): void {                // what is made of it
 *   const args = new $p.Arguments("greet");
 *   args.next("name");
 *   const a0 = args.json.string();
 *   args.end();
 *   $answer_greet($user_greet(a0));             // writes the text as JSON
 * }
 * export function greet(): void { $p.begin(); $call_greet(); }
 * ```
 */
import type { ExportedClass, ExportedFunction, Field, ProgramExports } from './export-types.ts';
import { NUMBER_ARRAYS, typeText, type ValueType } from '../../runtime/values/value-types.ts';

/** How an export is called that is not typed: `raw` reads and writes bytes itself, `core` takes and gives numbers. */
export interface PlainExport {
  readonly name: string;
  readonly encoding: 'raw' | 'core';
}

/** Numbers that a JSON number is written as; the rest has a method of its own name. */
const WRITERS: Readonly<Record<string, string>> = { i8: 'i32', i16: 'i32', u8: 'u32', u16: 'u32' };

const isReference = (type: ValueType): boolean => type.kind !== 'number' && type.kind !== 'bool';

/** The type as AssemblyScript spells it. */
const sourceType = typeText;

/** A name for functions of a type. */
function idOf(type: ValueType): string {
  switch (type.kind) {
    case 'array':
      return `list_of_${idOf(type.item)}`;
    case 'nullable':
      return `maybe_${idOf(type.of)}`;
    default:
      return typeText(type);
  }
}

class WrapperWriter {
  readonly #classes: ReadonlyMap<string, ExportedClass>;
  /** Functions of types, by name: made as they are needed. */
  readonly #functions = new Map<string, string>();

  constructor(classes: readonly ExportedClass[]) {
    this.#classes = new Map(classes.map((one) => [one.name, one]));
  }

  get functions(): Iterable<string> {
    return this.#functions.values();
  }

  /** An expression that reads a value of the type from `json`. */
  reading(type: ValueType): string {
    switch (type.kind) {
      case 'number':
        return `json.${type.name}()`;
      case 'bool':
      case 'string':
        return `json.${type.kind}()`;
      default:
        return `${this.#function(`$read_${idOf(type)}`, () => this.#reader(type))}(json)`;
    }
  }

  /** A statement that writes the value of an expression to `json`. */
  writing(type: ValueType, value: string): string {
    switch (type.kind) {
      case 'number':
        return `json.${WRITERS[type.name] ?? type.name}(${value});`;
      case 'bool':
      case 'string':
        return `json.${type.kind}(${value});`;
      default:
        return `${this.#function(`$write_${idOf(type)}`, () => this.#writer(type))}(json, ${value});`;
    }
  }

  #function(name: string, write: () => string): string {
    if (!this.#functions.has(name)) {
      this.#functions.set(name, ''); // a class may have itself as a field
      this.#functions.set(name, write());
    }
    return name;
  }

  #reader(type: ValueType): string {
    const body = this.#readerBody(type);
    return `function $read_${idOf(type)}(json: $p.JsonReader): ${sourceType(type)} {\n${body}\n}`;
  }

  #readerBody(type: ValueType): string {
    switch (type.kind) {
      case 'nullable':
        return `  return json.takeNull() ? null : ${this.reading(type.of)};`;
      case 'bytes':
        return `  return ${type.name === 'Uint8Array' ? '$p.readBytes(json)' : type.name === 'ArrayBuffer' ? '$p.readBytes(json).buffer' : 'Uint8ClampedArray.wrap($p.readBytes(json).buffer)'};`;
      case 'numbers': {
        const item = NUMBER_ARRAYS[type.name];
        return [
          `  const items = new Array<${item}>();`,
          `  json.beginArray();`,
          `  while (json.nextItem()) items.push(json.${item}());`,
          `  const value = new ${type.name}(items.length);`,
          `  for (let i = 0; i < items.length; i++) value[i] = items[i];`,
          `  return value;`,
        ].join('\n');
      }
      case 'array':
        return [
          `  const value = new ${sourceType(type)}();`,
          `  json.beginArray();`,
          `  while (json.nextItem()) value.push(${this.reading(type.item)});`,
          `  return value;`,
        ].join('\n');
      case 'class':
        return this.#classReader(type.name);
      default:
        return `  return ${this.reading(type)};`;
    }
  }

  #classReader(name: string): string {
    const fields = this.#classes.get(name)?.fields ?? [];
    const required = fields
      .map((field, index) => ({ field, index }))
      .filter(({ field }) => field.type.kind !== 'nullable');
    return [
      `  const at = __new(offsetof<${name}>(), idof<${name}>());`,
      `  const value = changetype<${name}>(at);`,
      `  const seen = new StaticArray<bool>(${fields.length});`,
      `  json.beginObject();`,
      `  for (let name = json.nextMember(); name !== null; name = json.nextMember()) {`,
      ...fields.map((field, index) => `    ${this.#fieldReader(name, field, index)}`),
      `    json.skip();`,
      `  }`,
      ...required.map(({ field, index }) => `  if (!seen[${index}]) $p.missing(json, "${field.name}", "${name}");`),
      `  return value;`,
    ].join('\n');
  }

  /** Fields may be read-only, so they are not assigned. */
  #fieldReader(owner: string, { name, type }: Field, index: number): string {
    const offset = `offsetof<${owner}>("${name}")`;
    const storing = isReference(type)
      ? `const field = ${this.reading(type)}; store<usize>(at, changetype<usize>(field), ${offset}); __link(at, changetype<usize>(field), false);`
      : `store<${sourceType(type)}>(at, ${this.reading(type)}, ${offset});`;
    return `if (name == "${name}") { ${storing} seen[${index}] = true; continue; }`;
  }

  #writer(type: ValueType): string {
    const body = this.#writerBody(type);
    return `function $write_${idOf(type)}(json: $p.JsonWriter, value: ${sourceType(type)}): void {\n${body}\n}`;
  }

  #writerBody(type: ValueType): string {
    switch (type.kind) {
      case 'nullable':
        return `  if (value === null) json.null();\n  else ${this.writing(type.of, 'value')}`;
      case 'bytes':
        return `  json.string($p.encodeBase64(${type.name === 'ArrayBuffer' ? 'Uint8Array.wrap(value)' : type.name === 'Uint8Array' ? 'value' : 'Uint8Array.wrap(value.buffer, value.byteOffset, value.length)'}));`;
      case 'numbers':
        return this.#listWriter({ kind: 'number', name: NUMBER_ARRAYS[type.name] });
      case 'array':
        return this.#listWriter(type.item);
      case 'class':
        return [
          '  json.beginObject();',
          ...(this.#classes.get(type.name)?.fields ?? []).flatMap((field) => [
            `  json.member("${field.name}");`,
            `  ${this.writing(field.type, `value.${field.name}`)}`,
          ]),
          '  json.endObject();',
        ].join('\n');
      default:
        return `  ${this.writing(type, 'value')}`;
    }
  }

  #listWriter(item: ValueType): string {
    return [
      '  json.beginArray();',
      `  for (let i = 0; i < value.length; i++) ${this.writing(item, 'value[i]')}`,
      '  json.endArray();',
    ].join('\n');
  }
}

/** A call with fewer arguments than the function has parameters takes the defaults of the rest. */
function callOf({ name, params, required, result }: ExportedFunction, writer: WrapperWriter): string {
  const give = (count: number): string => {
    const call = `$user_${name}(${params
      .slice(0, count)
      .map((_, index) => `a${index}`)
      .join(', ')})`;
    return result === undefined ? `${call}; $p.giveNothing();` : `$answer_${name}(${call});`;
  };
  const lines = params.flatMap(({ name: param, type }, index) => [
    index < required ? `  args.next("${param}");` : `  if (!args.hasNext("${param}")) { ${give(index)} return; }`,
    `  const a${index} = ${writer.reading(type)};`,
  ]);
  const answer =
    result === undefined
      ? []
      : [
          `function $answer_${name}(value: ${sourceType(result)}): void {`,
          '  const json = new $p.JsonWriter();',
          `  ${writer.writing(result, 'value')}`,
          '  $p.give(json);',
          '}',
        ];
  return [
    ...answer,
    `function $call_${name}(): void {`,
    `  const args = new $p.Arguments("${name}");`,
    '  const json = args.json;',
    ...lines,
    '  args.end();',
    `  ${give(params.length)}`,
    '}',
    `export function ${name}(): void {`,
    '  $p.begin();',
    `  $call_${name}();`,
    '}',
  ].join('\n');
}

/**
 * The source of the wrapper.
 * @param entry Path of the project's source without ending, from the project's folder; the wrapper lies in that folder itself.
 */
export function wrapperSource(
  entry: string,
  { functions, classes }: ProgramExports,
  plain: readonly PlainExport[],
): string {
  const writer = new WrapperWriter(classes);
  const calls = functions.map((one) => callOf(one, writer));
  const raw = plain.filter(({ encoding }) => encoding === 'raw');
  const core = plain.filter(({ encoding }) => encoding === 'core');
  const imported = [...functions, ...raw].map(({ name }) => `${name} as $user_${name}`);
  return [
    'import * as $p from "pluvio/sdk/assembly/typed";',
    ...(imported.length === 0 ? [`import "./${entry}";`] : [`import { ${imported.join(', ')} } from "./${entry}";`]),
    ...classes.map(({ name, path }) => `import { ${name} } from "./${path}";`),
    ...(core.length === 0 ? [] : [`export { ${core.map(({ name }) => name).join(', ')} } from "./${entry}";`]),
    ...writer.functions,
    ...calls,
    ...raw.map(({ name }) => `export function ${name}(): void {\n  $p.begin();\n  $user_${name}();\n}`),
    '',
  ].join('\n');
}
