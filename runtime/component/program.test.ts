import { describe, expect, it } from 'vitest';
import { componentOf } from '../../test/component/tools.ts';
import { PluvioError } from '../errors/index.ts';
import { createWorker, loadModule } from '../index.ts';
import { programOf } from './program.ts';

const PROGRAM = `(core module $program
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.const 5))))`;
const SHIM = '(core module $shim (func (export "proc_exit") (param i32) unreachable))';
const ADAPTER = `(core module $adapter
  (import "__main_module__" "_start" (func $start))
  (func (export "run") (result i32) (call $start) (i32.const 0)))`;
const INSTANCES = `
  (core instance $shim (instantiate $shim))
  (core instance $program (instantiate $program (with "wasi_snapshot_preview1" (instance $shim))))
  (core instance $main (export "_start" (func $program "_start")))
  (core instance $adapter (instantiate $adapter (with "__main_module__" (instance $main))))`;
const EXPORTS = `
  (func $run (result (result)) (canon lift (core func $adapter "run")))
  (instance $cli (export "run" (func $run)))
  (export "wasi:cli/run@0.2.3" (instance $cli))`;

/** A command behind an adapter, with some of its parts replaced. */
const component = (
  parts: { program?: string; adapter?: string; instances?: string; exports?: string } = {},
): string => {
  const { program = PROGRAM, adapter = ADAPTER, instances = INSTANCES, exports = EXPORTS } = parts;
  return `(component ${program} ${SHIM} ${adapter} ${instances} ${exports})`;
};

describe('a component', () => {
  it('that is a command runs as its program', async () => {
    const bytes = await componentOf(component());
    const module = await loadModule(bytes);
    expect(module.portability).toEqual({ migratable: true });
    const worker = await createWorker(module, { wasi: {} });
    expect(await worker.start()).toEqual({ kind: 'exited', code: 5 });
    const core = new WebAssembly.Module(programOf(bytes).bytes.slice());
    expect(WebAssembly.Module.exports(core).map(({ name }) => name)).toEqual(['memory', '_start']);
  });

  it.each([
    ['exports something else', { exports: '' }],
    ['is a service', { exports: EXPORTS.replace('wasi:cli/run@0.2.3', 'wasi:http/incoming-handler@0.2.3') }],
    ['is of a later WASI', { exports: EXPORTS.replace('@0.2.3', '@0.3.0') }],
    [
      'has a program that asks for more',
      {
        program: PROGRAM.replace('preview1', 'preview1x'),
        instances: INSTANCES.replace('"wasi_snapshot_preview1"', '"wasi_snapshot_preview1x"'),
      },
    ],
    [
      'runs something beside its program',
      { adapter: '(core module $adapter (func (export "run") (result i32) (i32.const 0)))' },
    ],
  ] as const)('that %s is fused', async (_, parts) => {
    const { bytes, component: fused } = programOf(await componentOf(component(parts)));
    expect(fused).toBeDefined();
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes.slice()));
    expect(imports.filter(({ module }) => module !== 'pluvio:component')).toEqual([]);
  });

  it('that is damaged anywhere is refused with a code', async () => {
    const bytes = await componentOf(component());
    const codes = new Set<string>();
    const attempt = (damaged: Uint8Array): void => {
      try {
        programOf(damaged);
      } catch (error) {
        if (!(error instanceof PluvioError)) throw error;
        codes.add(error.code);
      }
    };
    for (let end = 8; end < bytes.length; end++) attempt(bytes.subarray(0, end));
    for (let at = 8; at < bytes.length; at++) {
      for (const value of [0x00, 0x7f, 0xff, (bytes[at] ?? 0) ^ 1]) {
        const damaged = bytes.slice();
        damaged[at] = value;
        attempt(damaged);
      }
    }
    expect([...codes].sort()).toEqual(expect.arrayContaining(['COMPONENT_MALFORMED', 'COMPONENT_UNSUPPORTED']));
    expect([...codes].filter((code) => !/^(?:COMPONENT|MODULE)_/.test(code))).toEqual([]);
  });

  it('is told from a core module, which is itself', () => {
    const module = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
    expect(programOf(module)).toEqual({ bytes: module, component: undefined });
  });
});
