/**
 * TypeScript declarations of a component's functions, for `PluvioClient.worker`.
 *
 * Values look as docs/components.md says. What callers give may be of several types; a type that WIT gives a name to is declared once, as callers
 * get it, which is one that they may give. An option that has none is null, and left out where it is a field or a payload.
 */
import { type FusedComponent, hasResource, type ValueType } from '../../runtime/component/index.ts';
import { fieldName } from '../../runtime/values/index.ts';
import { type Direction, interfaceName, keyOf, paramOf } from './declaration-names.ts';

const WIDE = { given: 'bigint | number', got: 'bigint' } as const;
const BYTES = { given: 'Uint8Array | readonly number[]', got: 'Uint8Array' } as const;

class ComponentTypes {
  readonly declared: string[] = [];
  readonly #known: ReadonlyMap<ValueType, string>;
  readonly #names = new Map<ValueType, string>();
  readonly #taken: Set<string>;

  constructor({ typeNames }: FusedComponent, taken: string) {
    this.#known = typeNames;
    this.#taken = new Set([taken]);
  }

  of(type: ValueType, direction: Direction): string {
    const label = this.#known.get(type);
    return label === undefined ? this.#inline(type, direction) : this.#named(type, label);
  }

  #named(type: ValueType, label: string): string {
    const known = this.#names.get(type);
    if (known !== undefined) return known;
    const wanted = interfaceName(label);
    let name = wanted;
    for (let next = 2; this.#taken.has(name); next++) name = `${wanted}${next}`;
    this.#taken.add(name);
    this.#names.set(type, name);
    const members = this.#members(type, 'got');
    if (members === undefined) this.declared.push(`export type ${name} = ${this.#inline(type, 'got')};`, '');
    else this.declared.push(`export interface ${name} {`, ...members.map((member) => `  ${member};`), '}', '');
    return name;
  }

  #inline(type: ValueType, direction: Direction): string {
    switch (type.kind) {
      case 'bool':
        return 'boolean';
      case 'char':
      case 'string':
        return 'string';
      case 's64':
      case 'u64':
        return WIDE[direction];
      case 'record':
      case 'flags':
        return objectOf(this.#members(type, direction) ?? []);
      case 'enum':
        return type.labels.map((label) => JSON.stringify(label)).join(' | ');
      case 'variant':
        return this.#tagged(type.cases, direction);
      case 'result':
        return this.#tagged([['ok', type.ok] as const, ['err', type.err] as const], direction);
      case 'option':
        return `${type.some.kind === 'option' ? this.#tagged([['some', type.some]], direction) : this.of(type.some, direction)} | null`;
      case 'list':
        if (type.element.kind === 'u8') return BYTES[direction];
        return `${readonly(direction)}${grouped(this.of(type.element, direction))}[]`;
      case 'tuple':
        return `${readonly(direction)}[${type.types.map((part) => this.of(part, direction)).join(', ')}]`;
      case 'own':
      case 'borrow':
        return 'never'; // functions with resources are left out
      default:
        return 'number';
    }
  }

  /** Of what is an object of certain members. */
  #members(type: ValueType, direction: Direction): string[] | undefined {
    if (type.kind === 'record') {
      return type.fields.map(([name, field]) => this.#member(fieldName(name), field, direction));
    }
    if (type.kind !== 'flags') return undefined;
    const mark = direction === 'given' ? '?' : '';
    return type.labels.map((label) => `${keyOf(fieldName(label))}${mark}: boolean`);
  }

  #member(name: string, type: ValueType, direction: Direction): string {
    if (type.kind !== 'option') return `${keyOf(name)}: ${this.of(type, direction)}`;
    const some = this.of(type, direction);
    return `${keyOf(name)}?: ${direction === 'given' ? some : some.replace(/ \| null$/, '')}`;
  }

  #tagged(cases: readonly (readonly [tag: string, payload: ValueType | undefined])[], direction: Direction): string {
    const objects = cases.map(([tag, payload]) => {
      const rest = payload === undefined ? [] : [this.#member('val', payload, direction)];
      return objectOf([`tag: ${JSON.stringify(tag)}`, ...rest]);
    });
    return objects.join(' | ');
  }
}

const objectOf = (members: readonly string[]): string => `{ ${members.join('; ')} }`;
const readonly = (direction: Direction): string => (direction === 'given' ? 'readonly ' : '');
const grouped = (source: string): string => (/ \| |^readonly /.test(source) ? `(${source})` : source);

/** Functions as they are called: by the name alone where only one has it, in camelCase where only one is so. */
function callNames(names: readonly string[]): readonly string[] {
  const short = names.map((name) => fieldName(name.slice(name.lastIndexOf('#') + 1)));
  return names.map((name, index) => {
    const alone = short[index] ?? name;
    return short.indexOf(alone) === short.lastIndexOf(alone) ? alone : name;
  });
}

/** The source of a `.d.ts` file. @param worker Its name, which the interface has. */
export function componentDeclarations(worker: string, component: FusedComponent): string {
  const name = interfaceName(worker);
  const types = new ComponentTypes(component, name);
  const names = callNames(component.exports.map((exported) => exported.name));
  const functions = component.exports.map(({ type: { params, result }, name: full }, index) => {
    const all = [...params.map(([, type]) => type), ...(result === undefined ? [] : [result])];
    if (all.some(hasResource)) return `  // ${full} has resources, which stay with the worker`;
    const given = params.map(([param, type], at) => `${paramOf(fieldName(param), at)}: ${types.of(type, 'given')}`);
    const got = result === undefined ? 'null' : types.of(result, 'got');
    return `  ${keyOf(names[index] ?? full)}(${given.join(', ')}): ${got};`;
  });
  return [
    `// Written by \`pluvio types\` from the component of ${worker}.`,
    '',
    ...types.declared,
    `export interface ${name} {`,
    ...functions,
    '}',
    '',
  ].join('\n');
}
