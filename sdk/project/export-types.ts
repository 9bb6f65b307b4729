/** What a program exports to callers, with types, as its compiler knows them. */
import { PluvioError } from '../../runtime/errors/index.ts';
import type {
  CompilerClass,
  CompilerElement,
  CompilerFile,
  CompilerFunctionPrototype,
  CompilerProgram,
  CompilerProperty,
  CompilerType,
} from './compiler-types.ts';
import { namedType, typeText, type ValueType } from './value-types.ts';

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

class TypeReader {
  readonly classes = new Map<string, ExportedClass>();

  /** @param where What has the type, for messages. */
  typeOf(type: CompilerType, where: string): ValueType {
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

  #libraryType({ prototype, typeArguments }: CompilerClass, where: string): ValueType {
    if (prototype.internalName === '~lib/string/String') return { kind: 'string' };
    const [item] = typeArguments ?? [];
    if (prototype.internalName === '~lib/array/Array' && item !== undefined) {
      return { kind: 'array', item: this.typeOf(item, where) };
    }
    const named = namedType(prototype.name);
    if (named.kind === 'bytes' || named.kind === 'numbers') return named;
    throw unsupported(where, prototype.name);
  }

  #addClass(found: CompilerClass, where: string): void {
    const { prototype, members } = found;
    const { name, parent } = prototype;
    const known = this.classes.get(name);
    if (known?.path === parent.internalName) return;
    if (known !== undefined) throw invalid(where, `there is a class ${name} in ${known.path} and in ${parent.name}`);
    if (!isExported(prototype)) {
      throw invalid(where, `class ${name} must be exported by the file that declares it`);
    }
    this.classes.set(name, { name, path: parent.internalName, fields: [] }); // a class may have itself as a field
    const fields = [...(members?.values() ?? [])].filter(isField).map((field): Field => {
      const at = `field ${field.name} of class ${name}`;
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

const invalid = (where: string, problem: string): PluvioError =>
  new PluvioError('BUILD_FAILED', `cannot export ${where}: ${problem}`);

const unsupported = (where: string, type: string): PluvioError =>
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
    if (hasRest) throw invalid(`function ${name}`, 'it must have a fixed number of parameters');
    const params = parameterTypes.map((type, index): Field => {
      const param = prototype.functionTypeNode.parameters[index]?.name.text ?? `p${index}`;
      return { name: param, type: reader.typeOf(type, `parameter ${param} of function ${name}`) };
    });
    const result =
      returnType.toString() === 'void' ? undefined : reader.typeOf(returnType, `the result of function ${name}`);
    functions.push({ name, params, required: requiredParameters, result });
  }
  return { functions, classes: [...reader.classes.values()] };
}

/** As the manifest spells it. */
export const fieldTexts = (fields: readonly Field[]): { readonly name: string; readonly type: string }[] =>
  fields.map(({ name, type }) => ({ name, type: typeText(type) }));
