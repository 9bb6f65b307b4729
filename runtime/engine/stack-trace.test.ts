import { expect, it } from 'vitest';
import { assembleModule } from '../../test/engine/text-module.ts';
import { ENGINE_FUNCS } from '../instrument/index.ts';
import { createWorker } from './create.ts';
import { loadModule } from './loaded-module.ts';
import { traceFrames, trappedInstruction } from './stack-trace.ts';

const TEXT = `(module
  (memory 1) (table 1 funcref) (data "x")
  (func $load (export "i32.load8_u") (result i32) (i32.load8_u (i32.const 65536)))
  (func $div (export "i64.div_s") (result i64) (i64.div_s (i64.const 1) (i64.const 0)))
  (func $fill (export "memory.fill") (memory.fill (i32.const 65536) (i32.const 0) (i32.const 1)))
  (func $get (export "table.get") (drop (table.get 0 (i32.const 1))))
  (func $init (export "memory.init") (memory.init 0 (i32.const 0) (i32.const 1) (i32.const 1))))`;

/** What the instrumented function throws, called without a worker around it. */
async function trapOf(name: string) {
  const module = await loadModule(await assembleModule(TEXT));
  const worker = await createWorker(module);
  try {
    worker.instance.func(module.requireFunc(name))();
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return { module, error };
  }
  throw new Error(`${name} did not trap`);
}

it.each(['i32.load8_u', 'i64.div_s', 'memory.fill', 'table.get', 'memory.init'])(
  'finds the instruction that trapped: %s',
  async (name) => {
    const { module, error } = await trapOf(name);
    expect(trappedInstruction(error, module)).toBe(name);
    expect(traceFrames(error, module)).toMatchObject([{ func: module.requireFunc(name) }]);
  },
);

it('reads the traces of SpiderMonkey', async () => {
  const { module, error } = await trapOf('i32.load8_u');
  const place = /wasm-function\[\d+\]:0x[0-9a-f]+/.exec(error.stack ?? '')?.[0];
  expect(place).toBeDefined();
  error.stack = `load@http://127.0.0.1/page.html line 3 > WebAssembly.Module:${place}\ncall@http://127.0.0.1/page.js:3:1`;
  expect(trappedInstruction(error, module)).toBe('i32.load8_u');
  expect(traceFrames(error, module)).toMatchObject([{ func: 0, name: 'load' }]);
});

it('is not misled by names that a guest gives its functions', async () => {
  const { module, error } = await trapOf('i32.load8_u');
  const load = `wasm-function[${ENGINE_FUNCS.length}]`;
  error.stack = `@0:999999@http://127.0.0.1/page.html line 3 > WebAssembly.Module:${load}:0x5f`;
  expect(trappedInstruction(error, module)).toBeUndefined();
  error.stack = `    at wasm-function[99]:0x5f (wasm://wasm/0a0b:${load}:0xffffff)`;
  expect(trappedInstruction(error, module)).toBeUndefined();
  expect(traceFrames(error, module)).toMatchObject([{ func: 0 }]);
});
