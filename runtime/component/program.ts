/**
 * The core module that a component runs as: all of it, fused (fuse.ts), or the one program that it was made of.
 *
 * Most components that are commands today are made by putting a WASI 0.1 program behind a standard adapter: the adapter turns the program's
 * calls of WASI 0.1 into calls of WASI 0.2, and `wasi:cli/run` into its `_start`.
 *
 *     wasi:cli/run ──▶ adapter ──▶ program._start          becomes          start ──▶ program._start
 *     program ──wasi_snapshot_preview1──▶ adapter ──wasi:*──▶ host          program ──wasi_snapshot_preview1──▶ host
 *
 * WASI 0.1 is what this host has, too, so the adapter is left out: the program runs as it was before it was put into the component, with fewer
 * copies between it and its files. It is left out only where nothing but the adapter is between the program and the component's edge.
 */
import { decodeComponent, isComponent } from './decode-component.ts';
import { fuseComponent, RUN_EXPORT } from './fuse.ts';
import type { FusedComponent } from './fused.ts';
import { resolveComponent } from './resolve.ts';
import type { ModuleInstance, ResolvedComponent } from './resolved.ts';

const WASI_01 = 'wasi_snapshot_preview1';
/** What adapters import their program as. */
const PROGRAM = '__main_module__';
const START = '_start';

/** Whether an instance is a WASI 0.1 command, and asks for nothing else. */
const isCommand = ({ module, args }: ModuleInstance): boolean =>
  args.size === 1 &&
  args.has(WASI_01) &&
  module.imports.every((entry) => entry.module === WASI_01) &&
  module.exports.some(({ name, kind }) => name === START && kind === 'func');

/** Whether the adapter takes `START`, and is given the program's. */
const startsProgram = ({ module, args }: ModuleInstance, program: ModuleInstance): boolean => {
  if (!module.imports.some((entry) => entry.module === PROGRAM && entry.name === START)) return false;
  const given = args.get(PROGRAM);
  if (given?.kind !== 'exports') return given === program;
  const start = given.items.get(START);
  return start?.kind === 'export' && start.instance === program;
};

/** The program behind the adapter, if that is all there is. */
function adaptedProgram({ instances, exports }: ResolvedComponent): ModuleInstance | undefined {
  const [run, ...others] = exports;
  if (run?.name !== RUN_EXPORT || others.length > 0) return undefined;
  const [program, ...more] = instances.filter(isCommand);
  const { core } = run.func;
  if (program === undefined || more.length > 0 || core.kind !== 'export') return undefined;
  return startsProgram(core.instance, program) ? program : undefined;
}

export interface ComponentProgram {
  /** The core module; may be a view of the component. */
  readonly bytes: Uint8Array;
  /** What its imports and exports mean; undefined: what they say themselves, as those of any core module. */
  readonly component: FusedComponent | undefined;
}

/**
 * The core module that these bytes run as: a core module is itself.
 *
 * @param bytes Of a core module or a component; left unchanged.
 * @param keepAdapter Fuses a command with its adapter, too.
 * @throws PluvioError `COMPONENT_MALFORMED`, `COMPONENT_UNSUPPORTED`, and of a component's modules `MODULE_MALFORMED`
 */
export function programOf(bytes: Uint8Array, keepAdapter = false): ComponentProgram {
  if (!isComponent(bytes)) return { bytes, component: undefined };
  const resolved = resolveComponent(decodeComponent(bytes));
  const program = keepAdapter ? undefined : adaptedProgram(resolved);
  if (program !== undefined) return { bytes: program.module.bytes, component: undefined };
  const component = fuseComponent(resolved);
  return { bytes: component.bytes, component };
}
