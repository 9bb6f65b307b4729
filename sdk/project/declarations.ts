/** TypeScript declarations of a worker's typed exports, for `PluvioClient.worker`. */
import type { ExportInterface, NamedType, WorkerManifest } from '../../runtime/bundle/index.ts';
import { PluvioError } from '../../runtime/errors/index.ts';
import { type Direction, IDENTIFIER, interfaceName, keyOf, paramOf } from './declaration-names.ts';
import { NUMBER_ARRAYS, parseType, type ValueType, WIDE_NUMBERS } from '../../runtime/values/value-types.ts';

const isWide = (name: string): boolean => (WIDE_NUMBERS as readonly string[]).includes(name);

function sourceOf(type: ValueType, direction: Direction): string {
  switch (type.kind) {
    case 'bool':
      return 'boolean';
    case 'string':
    case 'class':
      return type.kind === 'string' ? 'string' : type.name;
    case 'number':
      if (!isWide(type.name)) return 'number';
      return direction === 'given' ? 'bigint | number | string' : 'string';
    case 'bytes':
      return direction === 'given' ? `${type.name} | string` : 'string';
    case 'numbers': {
      const item = isWide(NUMBER_ARRAYS[type.name]) ? 'string' : 'number';
      if (direction === 'got') return `${item}[]`;
      const name = type.name.replace(/^(Int64|Uint64)/, 'Big$1');
      return `${name} | readonly ${item}[]`;
    }
    case 'array': {
      const item = sourceOf(type.item, direction);
      const list = item.includes(' ') ? `(${item})[]` : `${item}[]`;
      return direction === 'given' ? `readonly ${list}` : list;
    }
    case 'nullable':
      return `${sourceOf(type.of, direction)} | null`;
  }
}

function typed(text: string, where: string): ValueType {
  const type = parseType(text);
  if (type !== undefined) return type;
  throw new PluvioError(
    'BUNDLE_MANIFEST_INVALID',
    `cannot declare ${where}: its type is ${JSON.stringify(text)}; it must be one of docs/projects.md`,
  );
}

function functionOf([name, { params = [], result }]: readonly [string, ExportInterface]): string {
  const given = params.map(({ name: param, type, optional }, index) => {
    const source = sourceOf(typed(type, `parameter ${param} of ${name}`), 'given');
    return `${paramOf(param, index)}${optional === true ? '?' : ''}: ${source}`;
  });
  const got = result === undefined ? 'null' : sourceOf(typed(result, `the result of ${name}`), 'got');
  return `  ${keyOf(name)}(${given.join(', ')}): ${got};`;
}

function classOf([name, fields]: readonly [string, readonly NamedType[]]): string[] {
  if (!IDENTIFIER.test(name))
    throw new PluvioError(
      'BUNDLE_MANIFEST_INVALID',
      `cannot declare class ${JSON.stringify(name)}: it must be an identifier`,
    );
  return [
    `export interface ${name} {`,
    ...fields.map(
      (field) => `  ${keyOf(field.name)}: ${sourceOf(typed(field.type, `field ${field.name} of ${name}`), 'got')};`,
    ),
    '}',
    '',
  ];
}

/** The source of a `.d.ts` file. @throws PluvioError `BUNDLE_MANIFEST_INVALID`: a type is none */
export function declarationsOf({ name, interface: exported = {}, types = {} }: WorkerManifest): string {
  const isTyped = ([, { encoding, params }]: readonly [string, ExportInterface]): boolean =>
    params !== undefined && (encoding === 'json' || encoding === 'msgpack');
  const className = interfaceName(name);
  return [
    `// Written by \`pluvio types\` from the manifest of ${name}.`,
    '',
    ...Object.entries(types).flatMap(classOf),
    `export interface ${className}${Object.hasOwn(types, className) ? 'Worker' : ''} {`,
    ...Object.entries(exported).filter(isTyped).map(functionOf),
    '}',
    '',
  ].join('\n');
}
