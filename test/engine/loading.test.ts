/** What loading a module gives: the same every time, from a cache or not; what can travel and what cannot. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { LoadedModule, ModuleCache } from '../../runtime/engine/index.ts';
import { instrumentModule, Program } from '../../runtime/instrument/index.ts';
import { ANYREF, decodeModule } from '../../runtime/wasm/index.ts';
import { bodyOf, exprOf, funcType, moduleOf, typesOf } from '../../runtime/wasm/testing/assemble.ts';
import { CORPUS, createFunctionImports, type FunctionProgram } from '../programs/corpus.ts';
import { assembleModule } from './text-module.ts';

const PROGRAMS = CORPUS.filter((program): program is FunctionProgram => program.kind === 'function');
const UNWINDS = ['throw', 'flag'] as const;

/** The engine anew, without the modules that are in use. */
const freshEngine = async () => {
  vi.resetModules();
  return import('../../runtime/engine/index.ts');
};

class MapCache implements ModuleCache {
  readonly entries = new Map<string, Uint8Array>();
  gets = 0;

  async get(key: string): Promise<Uint8Array | undefined> {
    this.gets++;
    return Promise.resolve(this.entries.get(key));
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.entries.set(key, bytes);
    return Promise.resolve();
  }
}

describe.each(UNWINDS)('unwinding by %s', (unwind) => {
  it.each(PROGRAMS.map((program) => [program.name, program] as const))(
    '%s is instrumented the same every time',
    async (_name, program) => {
      const bytes = await program.load();
      const once = instrumentModule(new Program(decodeModule(bytes), unwind));
      const again = instrumentModule(new Program(decodeModule(bytes.slice()), unwind));
      expect(again).toEqual(once);
      expect(WebAssembly.validate(once as BufferSource)).toBe(true);
    },
  );

  describe('a cache', () => {
    const program = PROGRAMS.find(({ name }) => name === 'eh-rethrow') as FunctionProgram; // the corpus has it
    let cache: MapCache;
    const load = async (): Promise<LoadedModule> =>
      (await freshEngine()).loadModule(await program.load(), { cache, unwind });
    const check = async (module: LoadedModule): Promise<void> => {
      const { createWorker } = await import('../../runtime/engine/index.ts');
      const worker = await createWorker(module, { imports: createFunctionImports() });
      expect(await worker.call(program.export, program.args)).toEqual(program.expected);
    };
    beforeEach(() => (cache = new MapCache()));

    it('gives the same module', async () => {
      const made = await load();
      expect(cache.entries.size).toBe(1);
      const [entry] = cache.entries.values();
      const found = await load();
      expect(cache.gets).toBe(2);
      expect([...cache.entries.values()]).toEqual([entry]);
      expect([found.digest, found.portability, found.instrumentedBytes]).toEqual([
        made.digest,
        made.portability,
        made.instrumentedBytes,
      ]);
      await check(found);
    });

    it.each<[string, (entry: Uint8Array) => Uint8Array]>([
      ['is empty', () => new Uint8Array()],
      ['is of another kind', () => new TextEncoder().encode('something else\n{}\n')],
      ['is cut off', (entry) => entry.slice(0, entry.length / 2)],
      ['ends after its head', (entry) => entry.slice(0, entry.indexOf(10) + 1)],
      ['has another head', (entry) => entry.map((byte, at) => (at === 6 ? 0 : byte))],
      [
        'has a module that does not compile',
        (entry) => entry.map((byte, at) => (at === entry.length - 8 ? byte ^ 0xff : byte)),
      ],
    ])('an entry that %s is made anew', async (_what, damage) => {
      await load();
      const [key, entry] = [...cache.entries][0] ?? ['', new Uint8Array()];
      cache.entries.set(key, damage(entry));
      await check(await load());
      expect(cache.entries.get(key)).toEqual(entry);
    });
  });

  it('a module in use is loaded once, per way of unwinding', async () => {
    const { loadModule } = await freshEngine();
    const bytes = await assembleModule('(module (func (export "f")))');
    const first = await loadModule(bytes, { unwind });
    expect(await loadModule(bytes.slice(), { unwind })).toBe(first);
    expect(await loadModule(bytes, { unwind: unwind === 'flag' ? 'throw' : 'flag' })).not.toBe(first);
  });
});

describe('portability', () => {
  const portabilityOf = async (text: string) =>
    (await (await freshEngine()).loadModule(await assembleModule(text))).portability;

  it('of what a snapshot can hold', async () => {
    const text = `(module (memory 1) (table 1 externref) (global (mut v128) (v128.const i64x2 0 0)) (global (mut funcref) (ref.null func))
      (func (export "f") (param externref funcref) (loop)))`;
    expect(await portabilityOf(text)).toEqual({ migratable: true });
  });

  it('of shared memory', async () => {
    expect(await portabilityOf('(module (memory 1 2 shared))')).toEqual({
      migratable: false,
      reasons: ['memory 0 is shared between threads'],
    });
  });

  it.each(['gc-structs', 'gc-arrays', 'exnref-held'])('of %s', async (name) => {
    const program = PROGRAMS.find((entry) => entry.name === name) as FunctionProgram; // the corpus has it
    const { loadModule } = await freshEngine();
    expect((await loadModule(await program.load())).portability).toEqual({ migratable: true });
  });

  it('of a passive segment whose objects each instance makes anew', async () => {
    const { createWorker, loadModule } = await freshEngine();
    const bytes = moduleOf({
      types: typesOf([{ kind: 'struct', fields: [] }, funcType([], [])]),
      funcs: [{ typeIndex: 1, body: bodyOf([]) }],
      exports: [{ name: 'f', kind: 'func', index: 0 }],
      elements: [
        {
          mode: 'passive',
          tableIndex: 0,
          type: ANYREF,
          items: { kind: 'exprs', exprs: [exprOf(['i32.const', 1], ['ref.i31']), exprOf(['struct.new', 0])] },
        },
      ],
    });
    const module = await loadModule(bytes);
    const reasons = ['element segment 0 is passive and makes objects'];
    expect(module.portability).toEqual({ migratable: false, reasons });
    const worker = await createWorker(module);
    expect(await worker.call('f')).toEqual({ kind: 'returned', values: [] });
    expect(() => worker.snapshot()).toThrow(expect.objectContaining({ code: 'NOT_MIGRATABLE', details: { reasons } }));
  });
});
