/**
 * The core module that a component runs as.
 *
 * Most components that are commands today are made by putting a WASI 0.1 program behind a standard adapter: the adapter turns the program's
 * calls of WASI 0.1 into calls of WASI 0.2, and `wasi:cli/run` into its `_start`.
 *
 *     wasi:cli/run ──▶ adapter ──▶ program._start          becomes          start ──▶ program._start
 *     program ──wasi_snapshot_preview1──▶ adapter ──wasi:*──▶ host          program ──wasi_snapshot_preview1──▶ host
 *
 * WASI 0.1 is what this host has, so the adapter is left out, and the program runs as it was before it was put into the component: stoppable
 * anywhere, and in terms of its own functions.
 *
 * Boundary: finds the program and checks that nothing else is between it and the component's edge.
 */
import { unsupportedComponent } from './component-error.ts';
import { decodeComponent, isComponent } from './decode-component.ts';
import { resolveComponent } from './resolve.ts';
import type { ModuleInstance, ResolvedComponent } from './resolved.ts';

const WASI_01 = 'wasi_snapshot_preview1';
/** What adapters import their program as. */
const PROGRAM = '__main_module__';
const START = '_start';
const RUN = /^wasi:cli\/run@0\.2(?:\.\d+)?#run$/;

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

function programOf({ instances, exports }: ResolvedComponent): ModuleInstance {
  const [run, ...others] = exports;
  if (run === undefined || others.length > 0 || !RUN.test(run.name)) {
    const names = exports.map(({ name }) => name).join(', ') || 'nothing';
    throw unsupportedComponent(`it exports ${names}; it must export wasi:cli/run alone`);
  }
  const programs = instances.filter(isCommand);
  const [program] = programs;
  if (program === undefined || programs.length > 1) {
    throw unsupportedComponent(
      `${programs.length} of its modules are WASI 0.1 commands; one must be, behind the standard adapter`,
    );
  }
  const { core } = run.func;
  const adapter = core.kind === 'export' ? core.instance : undefined;
  if (adapter === undefined || !startsProgram(adapter, program)) {
    throw unsupportedComponent('what it runs is not the program that it has, but something between');
  }
  return program;
}

/**
 * The core module that these bytes run as: a core module is itself.
 *
 * @param bytes Of a core module or a component; left unchanged, and the result may be a view of them.
 * @throws PluvioError `COMPONENT_MALFORMED`, `COMPONENT_UNSUPPORTED`, and of a component's modules `MODULE_MALFORMED`
 */
export function coreModuleOf(bytes: Uint8Array): Uint8Array {
  return isComponent(bytes) ? programOf(resolveComponent(decodeComponent(bytes))).module.bytes : bytes;
}
