/** Components whose functions take and give values of given types, as text. */
import {
  type FlatFunction,
  flattenFunction,
  type FlatType,
  type FunctionType,
  PRIMITIVES,
  type ValueType,
} from '../../runtime/component/value-types.ts';
import { MEMORY_AND_REALLOC } from './guest-allocator.ts';

/** Definitions of types, each under a name; those that WIT wants to have one are imported under it. */
class TypeDefinitions {
  readonly lines: string[] = [];
  readonly #names = new Map<ValueType, string>();

  /** The type as others refer to it. */
  of(type: ValueType | undefined): string {
    if (type === undefined) throw new Error('no type');
    const known = this.#names.get(type);
    if (known !== undefined) return known;
    const text = this.#text(type);
    if ((PRIMITIVES as readonly string[]).includes(type.kind)) return text;
    const name = `$t${this.#names.size}`;
    this.#names.set(type, name);
    if (['record', 'variant', 'enum', 'flags'].includes(type.kind)) {
      this.lines.push(`(type ${name}-defined (${text}))`);
      this.lines.push(`(import "${name.slice(1)}" (type ${name} (eq ${name}-defined)))`);
    } else this.lines.push(`(type ${name} (${text}))`);
    return name;
  }

  #text(type: ValueType): string {
    switch (type.kind) {
      case 'record':
        return `record ${type.fields.map(([label, field]) => `(field "${label}" ${this.of(field)})`).join(' ')}`;
      case 'variant':
        return `variant ${type.cases.map(([label, payload]) => `(case "${label}"${payload ? ` ${this.of(payload)}` : ''})`).join(' ')}`;
      case 'flags':
      case 'enum':
        return `${type.kind} ${type.labels.map((label) => `"${label}"`).join(' ')}`;
      case 'list':
        return `list ${this.of(type.element)}`;
      case 'option':
        return `option ${this.of(type.some)}`;
      case 'tuple':
        return `tuple ${type.types.map((part) => this.of(part)).join(' ')}`;
      case 'result':
        return `result${type.ok ? ` ${this.of(type.ok)}` : ''}${type.err ? ` (error ${this.of(type.err)})` : ''}`;
      case 'own':
      case 'borrow':
        throw new Error(`no text for ${type.kind}`);
      default:
        return type.kind;
    }
  }
}

const CANON = '(memory (core memory $libc "memory")) (realloc (core func $libc "realloc"))';

const coreType = (params: readonly FlatType[], results: readonly FlatType[]): string =>
  `(param ${params.join(' ')}) (result ${results.join(' ')})`;

/** Where results are in memory. */
const RESULT_AT = 64;

const LIBC = `(core module $Libc ${MEMORY_AND_REALLOC})`;

/** Goes round a few times, so that there is where to stop. */
const SPIN = `(func $spin (local $left i32)
  (local.set $left (i32.const 3))
  (loop $next (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))`;

/** Calls an import with the parameters of the export, which has the same type. */
function passing(imported: string, { params, resultInMemory }: FlatFunction): string {
  const args = resultInMemory ? [`(i32.const ${RESULT_AT})`] : params.map((_, index) => `(local.get ${index})`);
  const result = resultInMemory ? `(i32.const ${RESULT_AT})` : '';
  return `(call $spin) (call $${imported} ${args.join(' ')}) (call $spin) ${result}`;
}

/**
 * Of each type with an index `I`: the functions `put-I` (takes one) and `get-I` (gives one) that the component imports, and `take-I` and
 * `give-I` that it exports. Its core module `M` imports and exports them under the same names; it passes on what it gets.
 */
export function componentText(types: readonly ValueType[]): string {
  const definitions = new TypeDefinitions();
  const imports: string[] = [];
  const lowered: string[] = [];
  const coreImports: string[] = [];
  const coreExports: string[] = [];
  const lifted: string[] = [];
  types.forEach((type, index) => {
    const name = definitions.of(type);
    const taking: FunctionType = { params: [['x', type]], result: undefined };
    const giving: FunctionType = { params: [], result: type };
    const rows = [
      { imported: `put-${index}`, exported: `take-${index}`, func: taking, text: `(param "x" ${name})` },
      { imported: `get-${index}`, exported: `give-${index}`, func: giving, text: `(result ${name})` },
    ];
    for (const { imported, exported, func, text } of rows) {
      const lower = flattenFunction(func, 'lower');
      const lift = flattenFunction(func, 'lift');
      imports.push(`(import "${imported}" (func $${imported} ${text}))`);
      lowered.push(`(core func $${imported}-lowered (canon lower (func $${imported}) ${CANON}))`);
      coreImports.push(`(import "host" "${imported}" (func $${imported} ${coreType(lower.params, lower.results)}))`);
      lifted.push(`(func $${exported} ${text} (canon lift (core func $m "${exported}") ${CANON}))`);
      lifted.push(`(export "${exported}" (func $${exported}))`);
      coreExports.push(
        `(func (export "${exported}") ${coreType(lift.params, lift.results)} ${passing(imported, lift)})`,
      );
    }
  });
  const items = types.flatMap((_, index) =>
    [`put-${index}`, `get-${index}`].map((name) => `(export "${name}" (func $${name}-lowered))`),
  );
  return `(component
    ${definitions.lines.join('\n')}
    ${imports.join('\n')}
    ${LIBC}
    (core instance $libc (instantiate $Libc))
    ${lowered.join('\n')}
    (core module $M ${coreImports.join('\n')} ${SPIN} ${coreExports.join('\n')})
    (core instance $m (instantiate $M (with "host" (instance ${items.join(' ')}))))
    ${lifted.join('\n')})`;
}
