/**
 * What stands between a component, fused to one core module, and its hosts: the canonical ABI, the handles, calls of exports.
 *
 *     call ──begin──▶ arguments ──args──▶ guest ──result──▶ values ──end──▶ outcome
 *                                          │ ▲
 *                              flat values ▼ │ flat result
 *                                lift, host function, lower
 *
 * Boundary: one host module for the engine; its imports are what the fused module imports.
 *
 * Invariants:
 * 1. A host function that waits is called again with the same arguments, from the start: handles that it was given stay until it answers.
 * 2. The guest calls nothing while it allocates for the host, or cleans up after it has returned (CanonicalABI.md: `may_leave`).
 * 3. A resource belongs to the one host that has its interface; only such resources are in a snapshot.
 */
import type {
  FusedComponent,
  FusedExport,
  FusedImport,
  FusedOptions,
  ImportedFunction,
} from '../../component/index.ts';
import { resourceKey, type ResourceType } from '../../component/index.ts';
import { GuestExit, Pending, pending } from '../../engine/pending.ts';
import type { GuestAccess, GuestFunction, HostEntry, HostFunction, HostModule, Imports } from '../../engine/types.ts';
import { assert } from '../../errors/index.ts';
import { trap } from '../guest-trap.ts';
import { CanonicalContext, type FlatValue } from './canonical/context.ts';
import { checkParams, checkResult, liftParams, liftResult, lowerParams, lowerResult } from './canonical/functions.ts';
import { encodeComponent, loadComponent } from './component-state.ts';
import type { ComponentHost, ComponentValue, Resource } from './component-host.ts';
import { HandleTable } from './handle-table.ts';
import { requireType } from './import-types.ts';

/** The call of an export that is in progress. */
export interface ComponentCall {
  readonly exported: FusedExport;
  /** Until the guest asks for them. */
  readonly args: readonly unknown[] | undefined;
  /** From when the guest has returned, with it or without any, until its clean-up is over. */
  readonly result: readonly ComponentValue[] | undefined;
}

export interface ComponentModuleOptions {
  readonly hosts: readonly ComponentHost[];
  /** Functions of the embedder, by interface and name; those of no interface under `$root`. They take and give component values. */
  readonly functions?: Imports;
}

type AnyFunction = (...args: readonly unknown[]) => unknown;

/** Exit code of a command whose `run` gives an error. */
const FAILED = 1;

export class ComponentModule implements HostModule {
  readonly name = 'component';
  readonly imports: Readonly<Record<string, Readonly<Record<string, HostFunction>>>>;
  readonly entries: ReadonlyMap<string, HostEntry>;
  readonly component: FusedComponent;
  readonly hosts: readonly ComponentHost[];
  readonly handles = new HandleTable();
  call: ComponentCall | undefined;
  readonly #functions: Imports;
  readonly #contexts = new Map<string, CanonicalContext>();
  #guest: GuestAccess | undefined;
  /** The guest's allocator runs, for the host. */
  #allocates = false;

  constructor(component: FusedComponent, { hosts, functions = {} }: ComponentModuleOptions) {
    this.component = component;
    this.hosts = hosts;
    this.#functions = functions;
    const imports: Record<string, Record<string, HostFunction>> = {};
    for (const entry of component.imports) {
      const func = this.#import(entry);
      if (func !== undefined) (imports[entry.module] ??= {})[entry.name] = func;
    }
    this.imports = imports;
    this.entries = new Map(component.exports.map((exported) => [exported.name, this.#entry(exported)]));
  }

  bind(guest: GuestAccess): void {
    this.#guest = guest;
  }

  get stableBytes(): boolean {
    return this.hosts.every(({ stableBytes }) => stableBytes === true);
  }

  snapshot(): unknown {
    return encodeComponent(this);
  }

  restore(state: unknown): void {
    loadComponent(this, state);
  }

  close(): void {
    for (const host of this.hosts) host.close();
  }

  /** The host of a resource, if one has its interface. */
  hostOf({ resource }: Resource): ComponentHost | undefined {
    const from = resource.slice(0, resource.lastIndexOf('/'));
    return this.hosts.find(({ interfaces }) => Object.hasOwn(interfaces, from));
  }

  // --- the guest's memory ---

  #context({ memory, realloc }: FusedOptions): CanonicalContext {
    const key = `${memory} ${realloc}`;
    let context = this.#contexts.get(key);
    if (context === undefined) {
      let func: GuestFunction | undefined;
      const side = {
        memory: () => this.#bound.memory(memory).buffer,
        realloc: (...args: readonly number[]) => {
          assert(realloc !== undefined, 'a function that gives texts or lists needs an allocator');
          func ??= this.#bound.exported(realloc);
          this.#allocates = true;
          try {
            return func(...args) as number; // as the canonical ABI says
          } finally {
            this.#allocates = false;
          }
        },
      };
      context = new CanonicalContext(side, this.handles);
      this.#contexts.set(key, context);
    }
    return context;
  }

  get #bound(): GuestAccess {
    assert(this.#guest !== undefined, 'a host function runs before its worker is made');
    return this.#guest;
  }

  /** Traps where the guest may not call out. */
  #checkLeave(what: string): void {
    if (this.#allocates) trap(`the component calls ${what} while it allocates for its host`);
    if (this.call?.result !== undefined) trap(`the component calls ${what} after it has returned`);
  }

  // --- what the guest calls ---

  #import(entry: FusedImport): AnyFunction | undefined {
    switch (entry.kind) {
      case 'lower':
        return this.#lowered(entry.func, entry.options);
      case 'args':
        return () => this.#args(entry.export);
      case 'result':
        return (...flat) => this.#result(entry.export, flat as FlatValue[]); // as its signature says
      case 'failed':
        return () => {
          throw new GuestExit(FAILED);
        };
      default:
        return this.#resourceFunction(entry.kind, entry.resource);
    }
  }

  #lowered(func: ImportedFunction, options: FusedOptions): AnyFunction | undefined {
    const target = this.#functionOf(func);
    if (target === undefined) return undefined; // linking tells of it
    const { type, from, name } = func;
    const context = this.#context(options);
    const { handles } = this;
    return (...args) => {
      this.#checkLeave(name);
      const flat = args as FlatValue[]; // as its signature says
      let result: unknown;
      try {
        result = target(...liftParams(type, flat, context));
      } catch (error) {
        handles.rollback();
        throw error;
      }
      if (result instanceof Pending) {
        handles.rollback();
        return result;
      }
      for (const given of handles.commit()) this.hostOf(given)?.taken?.(given);
      checkResult(type, result, `${from} ${name}`);
      return lowerResult(type, result, flat, context);
    };
  }

  #functionOf(func: ImportedFunction): AnyFunction | undefined {
    const { from, name } = func;
    for (const host of this.hosts) {
      const found = ownProperty(ownProperty(host.interfaces, from), name);
      if (found === undefined) continue;
      requireType(host, func);
      return found as AnyFunction; // of that type
    }
    const given = ownProperty(ownProperty(this.#functions, from), name);
    if (typeof given !== 'function') return undefined;
    return repeatable(given as AnyFunction, () => this.#bound.restartState()); // of the interface's type
  }

  #resourceFunction(kind: `resource.${'new' | 'drop' | 'end' | 'rep'}`, resource: ResourceType): AnyFunction {
    const key = resourceKey(resource);
    const { handles } = this;
    if (kind === 'resource.rep') return (handle) => handles.get(handle as number, key); // an i32, here and below
    if (kind === 'resource.new') {
      return (rep) => {
        this.#checkLeave(kind);
        return handles.add(key, rep as number, 'own');
      };
    }
    if (kind === 'resource.end') {
      return (handle) => {
        this.#checkLeave('resource.drop');
        const rep = handles.drop(handle as number, key);
        return rep === undefined ? NOTHING_TO_END : BigInt((rep as number) >>> 0); // of the component's own
      };
    }
    return (handle) => {
      this.#checkLeave(kind);
      const ended = handles.drop(handle as number, key);
      if (typeof ended === 'object') this.hostOf(ended)?.drop(ended);
    };
  }

  // --- calls of exports ---

  #entry(exported: FusedExport): HostEntry {
    return {
      begin: (given) => {
        const args = given.length > 0 ? given : this.#argumentsOf(exported.name);
        checkParams(exported.type, args);
        this.handles.beginCall();
        this.call = { exported, args, result: undefined };
      },
      end: () => {
        const values = this.call?.result ?? [];
        this.call = undefined;
        return values;
      },
    };
  }

  /** What a host gives an export that is called without arguments. */
  #argumentsOf(name: string): readonly unknown[] {
    for (const host of this.hosts) {
      const args = host.argumentsOf?.(name);
      if (args !== undefined) return args;
    }
    return [];
  }

  #args(exported: FusedExport): unknown {
    assert(this.call?.args !== undefined && this.call.exported === exported, 'arguments of another call');
    const { args } = this.call;
    const flat = lowerParams(exported.type, args, this.#context(exported.options));
    this.call = { ...this.call, args: undefined };
    return flat.length === 1 ? flat[0] : flat;
  }

  #result(exported: FusedExport, flat: readonly FlatValue[]): void {
    const value = liftResult(exported.type, flat, this.#context(exported.options));
    for (const given of this.handles.commit()) this.hostOf(given)?.taken?.(given);
    this.call = { exported, args: undefined, result: exported.type.result === undefined ? [] : [value] };
  }
}

/** What `resource.end` gives for a handle that was borrowed. */
const NOTHING_TO_END = -1n;

/** What an object itself has, never what any object inherits. */
function ownProperty(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null && Object.hasOwn(of, name)
    ? (of as Readonly<Record<string, unknown>>)[name]
    : undefined;
}

/** What a wait of an embedder's function leaves for its next execution: which one it is. */
interface WaitState {
  readonly wait: number;
}

const isWait = (state: unknown, wait: number): boolean =>
  typeof state === 'object' && state !== null && (state as Partial<WaitState>).wait === wait;

/**
 * An embedder's function as hosts have them: it may give a promise, whose value is its result. That is asked for again after a restore, as of
 * any host function. An answer goes to the call that has waited for it, and to no other.
 */
function repeatable(func: AnyFunction, restartState: () => unknown): AnyFunction {
  let waits = 0;
  let answer: { readonly value: unknown } | undefined;
  return (...args) => {
    const ready = answer;
    answer = undefined;
    if (ready !== undefined && isWait(restartState(), waits)) return ready.value;
    const result = func(...args);
    if (result instanceof Pending && result.again) return result;
    const promise = result instanceof Pending ? result.promise : result;
    if (!(promise instanceof Promise)) return result;
    const wait = ++waits;
    const answered = promise.then((value: unknown) => {
      if (wait === waits) answer = { value };
    });
    const wake = result instanceof Pending ? result.wake : undefined;
    return pending(answered, { again: true, state: { wait } satisfies WaitState, ...(wake !== undefined && { wake }) });
  };
}
