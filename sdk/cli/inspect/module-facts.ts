/** What can be said of a module without running it. */
import { functionTypeText } from '../../../runtime/component/index.ts';
import { createWasi, createWasi2, isProvided } from '../../../runtime/host/index.ts';
import { type LoadedModule, loadModule } from '../../../runtime/index.ts';
import { type ImportDesc, typesText, typeText } from '../../../runtime/wasm/index.ts';

export interface ExternFact {
  readonly module?: string;
  readonly name: string;
  readonly kind: string;
  readonly type: string;
}

export interface ModuleFacts {
  readonly digest: string;
  readonly sizeBytes: number;
  /** A component's imports and exports are those of the component model. */
  readonly form: 'module' | 'component';
  /** `command`: exports `_start`. `reactor`: its exports are called. */
  readonly kind: 'command' | 'reactor';
  readonly functions: number;
  readonly memories: readonly {
    readonly minPages: number;
    readonly maxPages: number | null;
    readonly isShared: boolean;
  }[];
  readonly imports: readonly (ExternFact & { readonly isProvided: boolean })[];
  readonly exports: readonly ExternFact[];
  readonly hasNames: boolean;
  readonly portability: LoadedModule['portability'];
  /** Size of what the engine compiles. */
  readonly instrumentedBytes: number;
}

/** Loads a module. @throws PluvioError `MODULE_…`, `UNSUPPORTED` */
export async function moduleFacts(bytes: Uint8Array): Promise<{ facts: ModuleFacts; loaded: LoadedModule }> {
  const loaded = await loadModule(bytes);
  const { module } = loaded;
  const facts: ModuleFacts = {
    digest: `sha256:${loaded.digest}`,
    sizeBytes: bytes.byteLength,
    form: loaded.component === undefined ? 'module' : 'component',
    kind: loaded.exportedFunc('_start') === undefined ? 'reactor' : 'command',
    functions: module.funcs.length - module.importedFuncs,
    memories: module.memories.map(({ type: { limits } }) => ({
      minPages: Number(limits.min),
      maxPages: limits.max === undefined ? null : Number(limits.max),
      isShared: limits.shared,
    })),
    ...(loaded.component === undefined ? externsOf(loaded) : componentExterns(loaded.component)),
    hasNames: module.customs.some(({ name }) => name === 'name'),
    portability: loaded.portability,
    instrumentedBytes: loaded.instrumentedBytes,
  };
  return { facts, loaded };
}

type Externs = Pick<ModuleFacts, 'imports' | 'exports'>;

function externsOf(loaded: LoadedModule): Externs {
  const { module } = loaded;
  const provided: Readonly<Record<string, Readonly<Record<string, unknown>>>> = createWasi().imports;
  return {
    imports: module.imports.map(({ module: from, name, desc }) => ({
      module: from,
      name,
      kind: desc.kind,
      type: importText(loaded, desc),
      isProvided: desc.kind === 'func' && provided[from]?.[name] !== undefined,
    })),
    exports: module.exports.map(({ name, kind, index }) => ({
      name,
      kind,
      type: kind === 'func' ? signatureText(loaded, index) : '',
    })),
  };
}

function componentExterns({ imports, exports }: NonNullable<LoadedModule['component']>): Externs {
  const wasi = createWasi2();
  const funcs = imports.flatMap((entry) => (entry.kind === 'lower' ? [entry.func] : []));
  return {
    imports: funcs.map((func) => ({
      module: func.from,
      name: func.name,
      kind: 'func',
      type: functionTypeText(func.type),
      isProvided: isProvided(wasi, func),
    })),
    exports: exports.map(({ name, type }) => ({ name, kind: 'func', type: functionTypeText(type) })),
  };
}

function signatureText(loaded: LoadedModule, func: number): string {
  const { params, results } = loaded.program.funcType(func);
  return `${typesText(params)} -> ${typesText(results)}`;
}

function importText(loaded: LoadedModule, desc: ImportDesc): string {
  if (desc.kind === 'global') return typeText(desc.type.type);
  if (desc.kind !== 'func') return '';
  const type = loaded.module.types[desc.typeIndex]?.composite;
  return type?.kind === 'func' ? `${typesText(type.params)} -> ${typesText(type.results)}` : '';
}
