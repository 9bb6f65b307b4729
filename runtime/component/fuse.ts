/**
 * One core module of all core modules of a component.
 *
 *     program ──wasi:cli/…──▶ shim ──table──▶ fixup          becomes   one module: their functions side by side, calls between them direct,
 *        ▲                                                             tables, memories and globals one after the other, and imports of
 *     adapter ──canon lower──▶ host                                    what the host lowers and of nothing else
 *
 * A worker is one instance of one module; so a component is stopped, kept and moved as any module is: anywhere, with all its stack. Frames
 * speak of the fused module, which is a function of the component's bytes alone.
 *
 * Exports of the component become functions without parameters and results, which ask the host for their arguments (`args`), call the core
 * function, and give the host its result, or tell it that they return (`result`): all of it is one call of the worker. A component that exports `wasi:cli/run` has a
 * `_start`, as commands of WASI 0.1 have.
 *
 * Boundary: linking by index. Whether the parts fit is checked when the result is validated. All active segments are in place before the
 * first start function runs; start functions run in the order of the instances.
 *
 * Invariants:
 * 1. Instances are in the order of the component; an instance is only given what is before it.
 * 2. Every imported function is in `imports`, by its index.
 */
import {
  decodeNames,
  encodeModule,
  type ExternKind,
  type Import,
  type Module,
  type ModuleDraft,
} from '../wasm/index.ts';
import { unsupportedComponent } from './component-error.ts';
import { flatFuncType, RESOURCE_SIGNATURES, type Signature } from './core-signatures.ts';
import { callBody, commandBody, dropBody, nameSection, startBody } from './entry-code.ts';
import type { FusedComponent, FusedExport, FusedImport, FusedOptions } from './fused.ts';
import { placeDefinitions } from './place-definitions.ts';
import type { Placement } from './renumber.ts';
import type {
  ComponentExport,
  CoreFunction,
  CoreItem,
  LiftedFunction,
  ModuleInstance,
  Options,
  ResolvedComponent,
} from './resolved.ts';
import { flattenFunction, hasPart } from './value-types.ts';

/** Import module of what the host does for the component itself. */
const HOST_MODULE = 'pluvio:component';
/**
 * How a component is fused: snapshots speak of the functions of the module, and caches hold what was made of it. A component has the lowest
 * version that makes the same module of it, so that a new version takes nothing from components that it does not change.
 *
 *     1  an export tells the host its result
 *     2  an export without one tells it that it returns, where that matters: `endsWithDuties`
 */
export const FUSION_VERSION = 2;
/** The export of WASI's command world. */
export const RUN_EXPORT = 'wasi:cli/run@0.2#run';
const START = '_start';

const SPACE_OF_KIND = {
  func: 'funcs',
  table: 'tables',
  memory: 'memories',
  global: 'globals',
  tag: 'tags',
} as const satisfies Record<ExternKind, keyof Placement>;

/** A function that the fused module imports; what it means is known when everything has its place. */
interface HostFunc {
  readonly module: string;
  readonly name: string;
  readonly signature: Signature;
  readonly meaning: () => FusedImport;
}

/** A call of `resource.drop` that has a destructor to call, with the host's part of it. */
interface EndingDrop {
  readonly canon: CoreFunction;
  readonly host: number;
  readonly destructor: CoreItem;
}

/** An export with the indices of the host's functions for it. */
interface Entry {
  readonly source: ComponentExport;
  readonly args: number | undefined;
  readonly result: number | undefined;
  /** Once all options have their places; the same each time. */
  readonly made: () => FusedExport;
}

/**
 * Whether a function has something to keep to when it returns, though it gives nothing: what it was lent must be dropped by then, and from
 * then on its clean-up calls nothing. What it borrows of the component's own is no handle (CanonicalABI.md: `lower_borrow`).
 */
const endsWithDuties = ({ type, options }: LiftedFunction): boolean =>
  type.result === undefined &&
  (options.postReturn !== undefined ||
    type.params.some(([, param]) =>
      hasPart(param, (part) => part.kind === 'borrow' && part.resource.from !== undefined),
    ));

/** @throws PluvioError `COMPONENT_UNSUPPORTED` */
export const fuseComponent = (component: ResolvedComponent): FusedComponent => new Fusion(component).fuse();

class Fusion {
  readonly #component: ResolvedComponent;
  readonly #hosts: HostFunc[] = [];
  readonly #hostNames = new Map<string, number>();
  readonly #lowered = new Map<CoreFunction, number>();
  readonly #drops: EndingDrop[] = [];
  readonly #places = new Map<ModuleInstance, Placement>();
  readonly #exports = new Map<Module, ReadonlyMap<string, number>>();
  readonly #exportNames = new Map<number, string>();
  readonly #funcNames: [index: number, name: string][] = [];
  readonly #draft: ModuleDraft = {
    types: [],
    imports: [],
    funcs: [],
    tables: [],
    memories: [],
    globals: [],
    tags: [],
    exports: [],
    elements: [],
    datas: [],
    hasDataCount: true,
    customs: [],
  };

  constructor(component: ResolvedComponent) {
    this.#component = component;
  }

  fuse(): FusedComponent {
    const { instances, exports } = this.#component;
    for (const instance of instances) this.#declareImports(instance);
    const entries = exports.map((source) => this.#declareEntry(source));
    const run = entries.find(({ source }) => source.name === RUN_EXPORT);
    const failed = run && this.#declare(HOST_MODULE, 'failed', [[], []], (names) => ({ ...names, kind: 'failed' }));
    // Functions of the module stand in for the host's, from here on, when all that the host does is declared.
    for (const { canon } of this.#drops) this.#lowered.set(canon, this.#func(RESOURCE_SIGNATURES['resource.drop']));
    for (const instance of instances) this.#place(instance);
    for (const drop of this.#drops) this.#defineDrop(drop);
    for (const entry of entries) this.#defineEntry(entry);
    if (run !== undefined && failed !== undefined) {
      const index = this.#func([[], []], commandBody(this.#index(run.source.func.core), failed));
      this.#draft.exports.push({ name: START, kind: 'func', index });
    }
    const imports = this.#hosts.map(({ meaning }) => meaning());
    this.#defineStart();
    this.#defineImports();
    this.#draft.customs.push({ name: 'name', content: nameSection(this.#funcNames), after: LAST_SECTION });
    return {
      bytes: encodeModule(this.#draft),
      version: exports.some(({ func }) => endsWithDuties(func)) ? FUSION_VERSION : 1,
      imports,
      exports: entries.map(({ made }) => made()),
      typeNames: this.#component.typeNames,
    };
  }

  // --- what the host does ---

  /** An imported function; the same name twice has a number behind it. */
  #declare(
    module: string,
    name: string,
    signature: Signature,
    meaning: (names: { module: string; name: string }) => FusedImport,
  ): number {
    const key = `${module}#${name}`;
    const count = (this.#hostNames.get(key) ?? 0) + 1;
    this.#hostNames.set(key, count);
    const names = { module, name: count === 1 ? name : `${name} ${count}` };
    return this.#hosts.push({ ...names, signature, meaning: () => meaning(names) }) - 1;
  }

  /** Functions of the host that an instance is given. */
  #declareImports(instance: ModuleInstance): void {
    for (const entry of instance.module.imports) {
      const item = givenItem(instance, entry);
      if (item.kind !== 'canon' || this.#lowered.has(item.canon)) continue;
      this.#lowered.set(item.canon, this.#declareCanon(item.canon));
    }
  }

  #declareCanon(canon: CoreFunction): number {
    if (canon.kind === 'lower') {
      const { func, options } = canon;
      const flat = flattenFunction(func.type, 'lower');
      return this.#declare(func.from, func.name, [flat.params, flat.results], (names) => ({
        ...names,
        kind: 'lower',
        func,
        options: this.#options(options),
      }));
    }
    const { resource } = canon;
    const destructor = canon.kind === 'resource.drop' ? this.#component.destructors.get(resource) : undefined;
    const kind = destructor === undefined ? canon.kind : 'resource.end';
    const host = this.#declare(HOST_MODULE, `${kind}:${resource.name}`, RESOURCE_SIGNATURES[kind], (names) => ({
      ...names,
      kind,
      resource,
    }));
    if (destructor !== undefined) this.#drops.push({ canon, host, destructor });
    return host;
  }

  #declareEntry(source: ComponentExport): Entry {
    const { name, func } = source;
    const flat = flattenFunction(func.type, 'lift');
    let known: FusedExport | undefined;
    const made = (): FusedExport => (known ??= { name, type: func.type, options: this.#options(func.options) });
    const declare = (kind: 'args' | 'result', signature: Signature): number =>
      this.#declare(HOST_MODULE, `${kind}:${name}`, signature, (names) => ({ ...names, kind, export: made() }));
    return {
      source,
      args: flat.params.length === 0 ? undefined : declare('args', [[], flat.params]),
      result: flat.results.length > 0 || endsWithDuties(func) ? declare('result', [flat.results, []]) : undefined,
      made,
    };
  }

  #options({ memory, realloc }: Options): FusedOptions {
    return {
      memory: memory === undefined ? undefined : this.#index(memory, 'memory'),
      realloc: realloc === undefined ? undefined : this.#exportedFunc(realloc),
    };
  }

  // --- where everything is ---

  /** The index of an item here. */
  #index(item: CoreItem, kind: ExternKind = 'func'): number {
    if (item.kind === 'canon') {
      const index = this.#lowered.get(item.canon);
      if (kind !== 'func' || index === undefined) {
        throw unsupportedComponent(`it uses a function of the host as a ${kind === 'func' ? 'program' : kind}`);
      }
      return index;
    }
    const { instance, name } = item;
    const exported = this.#exportsOf(instance.module).get(`${kind} ${name}`);
    const index = exported === undefined ? undefined : this.#places.get(instance)?.[SPACE_OF_KIND[kind]][exported];
    if (index === undefined) {
      throw unsupportedComponent(`a core module in it has no ${kind} "${name}" where another one needs it`);
    }
    return index;
  }

  /** The indices of what a module exports, by kind and name. */
  #exportsOf(module: Module): ReadonlyMap<string, number> {
    let known = this.#exports.get(module);
    if (known === undefined) {
      known = new Map(module.exports.map(({ kind, name, index }) => [`${kind} ${name}`, index]));
      this.#exports.set(module, known);
    }
    return known;
  }

  /** Adds what an instance defines. */
  #place(instance: ModuleInstance): void {
    const { module } = instance;
    const draft = this.#draft;
    const imported = (kind: ExternKind): number[] =>
      module.imports
        .filter(({ desc }) => desc.kind === kind)
        .map((entry) => this.#index(givenItem(instance, entry), kind));
    const place: Placement = {
      types: draft.types.length,
      recGroups: (draft.types.at(-1)?.recGroup ?? -1) + 1,
      funcs: withDefined(imported('func'), this.#hosts.length + draft.funcs.length, module.funcs),
      tables: withDefined(imported('table'), draft.tables.length, module.tables),
      memories: withDefined(imported('memory'), draft.memories.length, module.memories),
      globals: withDefined(imported('global'), draft.globals.length, module.globals),
      tags: withDefined(imported('tag'), draft.tags.length, module.tags),
      elements: draft.elements.length,
      datas: draft.datas.length,
    };
    this.#places.set(instance, place);
    placeDefinitions(draft, module, place);
    this.#keepNames(module, place);
  }

  /** Functions keep their names, or are called as they are exported. */
  #keepNames(module: Module, { funcs }: Placement): void {
    const names = new Map(module.exports.flatMap(({ kind, index, name }) => (kind === 'func' ? [[index, name]] : [])));
    for (const [own, name] of decodeNames(module).funcs) names.set(own, name);
    for (const [own, name] of names) {
      const index = funcs[own];
      if (index !== undefined && own >= module.importedFuncs) this.#funcNames.push([index, name]);
    }
  }

  // --- what is added ---

  #type([params, results]: Signature): number {
    const { types } = this.#draft;
    const recGroup = (types.at(-1)?.recGroup ?? -1) + 1;
    const composite = flatFuncType(params, results);
    return types.push({ composite, final: true, supers: [], recGroup, canonical: types.length }) - 1;
  }

  /** A function of a signature, whose body may come later; gives its index. */
  #func(signature: Signature, body: Uint8Array = new Uint8Array()): number {
    const { funcs } = this.#draft;
    return this.#hosts.length + funcs.push({ typeIndex: this.#type(signature), body }) - 1;
  }

  /** The name of the export that a core function has for the host. */
  #exportedFunc(item: CoreItem): string {
    const index = this.#index(item);
    const known = this.#exportNames.get(index);
    if (known !== undefined) return known;
    const name = `core:${index}`;
    this.#exportNames.set(index, name);
    this.#draft.exports.push({ name, kind: 'func', index });
    return name;
  }

  #defineEntry({ source, args, result }: Entry): void {
    const { core, type, options } = source.func;
    const index = this.#func(
      [[], []],
      callBody({
        args,
        core: this.#index(core),
        results: flattenFunction(type, 'lift').results,
        result,
        postReturn: options.postReturn && this.#index(options.postReturn),
      }),
    );
    this.#draft.exports.push({ name: source.name, kind: 'func', index });
    this.#funcNames.push([index, source.name]);
  }

  #defineDrop({ canon, host, destructor }: EndingDrop): void {
    const index = this.#lowered.get(canon) ?? 0;
    const func = this.#draft.funcs[index - this.#hosts.length];
    if (func !== undefined) func.body = dropBody(host, this.#index(destructor));
  }

  #defineStart(): void {
    const starts = this.#component.instances.flatMap((instance) => {
      const { startFunc } = instance.module;
      return startFunc === undefined ? [] : [this.#places.get(instance)?.funcs[startFunc] ?? 0];
    });
    if (starts.length > 0) this.#draft.startFunc = this.#func([[], []], startBody(starts));
  }

  #defineImports(): void {
    for (const { module, name, signature } of this.#hosts) {
      this.#draft.imports.push({ module, name, desc: { kind: 'func', typeIndex: this.#type(signature) } });
    }
  }
}

/** Id of the last section of a module, which names come after. */
const LAST_SECTION = 11;

/** What an instance is given for an import. */
function givenItem({ args }: ModuleInstance, { module, name }: Import): CoreItem {
  const given = args.get(module);
  const item: CoreItem | undefined =
    given?.kind === 'module' ? { kind: 'export', instance: given, name } : given?.items.get(name);
  if (item === undefined) {
    throw unsupportedComponent(`a core module in it imports "${module}"."${name}", which it is not given`);
  }
  return item;
}

/** Indices of all items of a kind: those of the imported ones, then as many as are defined, from `first` on. */
function withDefined(imported: readonly number[], first: number, all: readonly unknown[]): number[] {
  return [...imported, ...all.slice(imported.length).map((_, defined) => first + defined)];
}
