/** What every mode gives: a way to refuse a module, to instantiate it and to call it. */
import type { TrapCode } from '../../runtime/engine/index.ts';
import type { Module } from '../../runtime/wasm/index.ts';
import type { HostValues } from './host-values.ts';
import type { ArgumentBits, ProbeTarget, Result } from './probes.ts';
import type { StopCounts } from './stop-plan.ts';

export const MODES = ['bare', 'roundtrip', 'instrumented', 'instrumented-flag', 'stopped', 'stopped-flag'] as const;
export type ModeName = (typeof MODES)[number];

/** How a call or an instantiation ended. */
export type Ending =
  | { readonly kind: 'returned'; readonly results: readonly Result[] }
  | { readonly kind: 'trapped'; readonly code: TrapCode; readonly message: string }
  | { readonly kind: 'exception'; readonly message: string }
  | { readonly kind: 'unlinkable'; readonly message: string }
  /** The module was not accepted; `code` is one of ours, undefined from an engine. */
  | { readonly kind: 'refused'; readonly code: string | undefined; readonly message: string };

export interface TestInstance {
  /** Why the last call was not all that the mode asks for; it ran all the same. */
  readonly restriction: string | undefined;
  /** What other modules of the script may import. */
  readonly exports: Imports;
  run(kind: ProbeTarget['kind'], field: string, args: readonly ArgumentBits[]): Promise<Ending>;
}

export type Imports = Readonly<Record<string, WebAssembly.ExportValue>>;

/** One script in one mode. */
export interface Session {
  /** Whether the mode accepts the module: `refused`, or undefined if it does. */
  check(bytes: Uint8Array<ArrayBuffer>): Promise<Ending | undefined>;
  /** Links, instantiates and runs the start function. */
  instantiate(
    bytes: Uint8Array<ArrayBuffer>,
    imports: ReadonlyMap<string, ImportSource>,
  ): Promise<TestInstance | Ending>;
  close(): Promise<void>;
  /** How often calls were stopped; undefined: the mode stops nothing. */
  readonly stopCounts: StopCounts | undefined;
}

export interface ImportSource {
  readonly exports: Imports;
  /** The instance behind it; undefined: the host. */
  readonly instance: TestInstance | undefined;
}

export interface SessionOptions {
  readonly hosts: HostValues;
  /** Whether instances of the script may import from each other. */
  readonly linked: boolean;
  readonly seed: number;
}

export const isInstance = (made: TestInstance | Ending): made is TestInstance => 'run' in made;

/** What a probe of an export has to reach; undefined: there is no such export. */
export function probeTarget(module: Module, kind: ProbeTarget['kind'], field: string): ProbeTarget | undefined {
  const entry = module.exports.find(
    (one) => one.name === field && one.kind === (kind === 'invoke' ? 'func' : 'global'),
  );
  if (entry === undefined) return undefined;
  const { index } = entry;
  if (kind === 'get') return { kind, field, index, params: [], results: [globalType(module, index)] };
  const composite = module.types[module.funcs[index]?.typeIndex ?? -1]?.composite;
  if (composite?.kind !== 'func') throw new Error(`export "${field}" has no function type`);
  return { kind, field, index, params: composite.params, results: composite.results };
}

function globalType(module: Module, index: number): number {
  const global = module.globals[index];
  if (global === undefined) throw new Error(`global ${index} does not exist`);
  return global.type.type;
}

/** What a module imports, as an object for an engine. Names that nobody registered stay out. */
export function importObject(
  module: Module,
  sources: ReadonlyMap<string, ImportSource>,
): Record<string, Record<string, WebAssembly.ExportValue>> {
  const object: Record<string, Record<string, WebAssembly.ExportValue>> = {};
  for (const entry of module.imports) {
    const source = sources.get(entry.module);
    if (source === undefined || !Object.hasOwn(source.exports, entry.name)) continue;
    const value = source.exports[entry.name];
    if (value !== undefined) (object[entry.module] ??= {})[entry.name] = value;
  }
  return object;
}
