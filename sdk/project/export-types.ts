/** What a program exports to callers, with types, as its compiler knows them. */
import { PluvioError } from '../../runtime/errors/index.ts';
import type {
  CompilerClass,
  CompilerElement,
  CompilerFile,
  CompilerFunctionPrototype,
  CompilerNode,
  CompilerProgram,
  CompilerProperty,
  CompilerType,
} from './compiler-types.ts';
import { namedType, typeText, type ValueType } from '../../runtime/values/value-types.ts';

export interface Field {
  readonly name: string;
  readonly type: ValueType;
}

export interface ExportedFunction {
  readonly name: string;
  readonly params: readonly Field[];
  /** How many of them a caller must give. */
  readonly required: number;
  /** undefined: nothing. */
  readonly result: ValueType | undefined;
}

/** A class whose values travel. */
export interface ExportedClass {
  readonly name: string;
  /** Path of its source without ending, from the project's folder. */
  readonly path: string;
  readonly fields: readonly Field[];
}

export interface ProgramExports {
  readonly functions: readonly ExportedFunction[];
  readonly classes: readonly ExportedClass[];
}

/** Kinds of elements and flags of the compiler. */
const FUNCTION = 4;
const PROPERTY = 10;
const FILE = 13;
const PRIVATE = 0x200;
const PROTECTED = 0x400;
const LIBRARY = '~lib/';

const SUPPORTED =
  'a number, bool, string, typed array, ArrayBuffer, Array of such, or a plain class that its file exports';

/** What has a type, and where it stands, for messages. */
interface Where {
  readonly what: string;
  readonly node: CompilerNode;
}

class TypeReader {
  readonly classes = new Map<string, ExportedClass>();

  typeOf(type: CompilerType, where: Where): ValueType {
    if (type.isNullableReference) return { kind: 'nullable', of: this.typeOf(type.nonNullableType, where) };
    if (!type.isReference) {
      const named = namedType(type.toString());
      if (named.kind === 'class') throw unsupported(where, type.toString());
      return named;
    }
    const found = type.getClass();
    if (found === null) throw unsupported(where, type.toString());
    const { internalName } = found.prototype;
    if (internalName.startsWith(LIBRARY)) return this.#libraryType(found, where);
    if ((found.typeArguments?.length ?? 0) > 0) throw unsupported(where, type.toString());
    this.#addClass(found, where);
    return { kind: 'class', name: found.prototype.name };
  }

  #libraryType({ prototype, typeArguments }: CompilerClass, where: Where): ValueType {
    if (prototype.internalName === '~lib/string/String') return { kind: 'string' };
    const [item] = typeArguments ?? [];
    if (prototype.internalName === '~lib/array/Array' && item !== undefined) {
      return { kind: 'array', item: this.typeOf(item, where) };
    }
    const named = namedType(prototype.name);
    if (named.kind === 'bytes' || named.kind === 'numbers') return named;
    throw unsupported(where, prototype.name);
  }

  #addClass(found: CompilerClass, where: Where): void {
    const { prototype, members } = found;
    const { name, parent } = prototype;
    const known = this.classes.get(name);
    if (known?.path === parent.internalName) return;
    if (known !== undefined) throw invalid(where, `there is a class ${name} in ${known.path} and in ${parent.name}`);
    if (!isExported(prototype)) {
      throw invalid(
        { ...where, node: prototype.declaration },
        `class ${name} must be exported by the file that declares it`,
      );
    }
    this.classes.set(name, { name, path: parent.internalName, fields: [] }); // a class may have itself as a field
    const fields = [...(members?.values() ?? [])].filter(isField).map((field): Field => {
      const at: Where = {
        what: `field ${field.name} of class ${name}`,
        node: field.fieldDeclaration ?? prototype.declaration,
      };
      if (field.is(PRIVATE) || field.is(PROTECTED))
        throw invalid(at, 'a class that callers give or get has public fields only');
      if (field.instance === null) throw invalid(at, 'its type is not known');
      return { name: field.name, type: this.typeOf(field.instance.type, at) };
    });
    this.classes.set(name, { name, path: parent.internalName, fields });
  }
}

const isField = (member: CompilerElement): member is CompilerProperty =>
  member.kind === PROPERTY && (member as CompilerProperty).isField; // of that kind

function isExported(prototype: CompilerElement): boolean {
  const { parent } = prototype;
  return parent.kind === FILE && (parent as CompilerFile).exports?.get(prototype.name) === prototype; // of that kind
}

/** As the compiler writes places. */
function placeText({ range: { source, start } }: CompilerNode): string {
  const line = source.lineAt(start); // before the column
  return `${source.normalizedPath}(${line},${source.columnAt()})`;
}

const invalid = ({ what, node }: Where, problem: string): PluvioError =>
  new PluvioError('BUILD_FAILED', `${placeText(node)}: cannot export ${what}: ${problem}`);

const unsupported = (where: Where, type: string): PluvioError =>
  invalid(where, `its type is ${type}; it must be ${SUPPORTED}`);

/**
 * The functions that a source exports, with the classes that their types name.
 * @param entry Path of the source, from the project's folder.
 * @param isTyped Whether callers give and get values of a function's types.
 * @throws PluvioError `BUILD_FAILED`: a type is one that does not travel
 */
export function readExports(
  program: CompilerProgram,
  entry: string,
  isTyped: (name: string) => boolean,
): ProgramExports {
  const file = [...program.filesByName.values()].find(({ source }) => source.normalizedPath === entry);
  const reader = new TypeReader();
  const functions: ExportedFunction[] = [];
  for (const [name, element] of file?.exports ?? []) {
    if (element.kind !== FUNCTION || !isTyped(name)) continue;
    const prototype = element as CompilerFunctionPrototype; // of that kind
    if (prototype.typeParameterNodes !== null && prototype.typeParameterNodes.length > 0) continue;
    const resolved = program.resolver.resolveFunction(prototype, null);
    if (resolved === null) continue; // the compiler tells why
    const { parameterTypes, returnType, requiredParameters, hasRest } = resolved.signature;
    const { functionTypeNode } = prototype;
    if (hasRest)
      throw invalid({ what: `function ${name}`, node: functionTypeNode }, 'it must have a fixed number of parameters');
    const params = parameterTypes.map((type, index): Field => {
      const node = functionTypeNode.parameters[index];
      const param = node?.name.text ?? `p${index}`;
      const where = { what: `parameter ${param} of function ${name}`, node: node ?? functionTypeNode };
      return { name: param, type: reader.typeOf(type, where) };
    });
    const result =
      returnType.toString() === 'void'
        ? undefined
        : reader.typeOf(returnType, { what: `the result of function ${name}`, node: functionTypeNode });
    functions.push({ name, params, required: requiredParameters, result });
  }
  return { functions, classes: [...reader.classes.values()] };
}

/** As the manifest spells it. */
export const fieldTexts = (fields: readonly Field[]): { readonly name: string; readonly type: string }[] =>
  fields.map(({ name, type }) => ({ name, type: typeText(type) }));
