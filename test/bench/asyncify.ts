/**
 * The baselines: a module that is made stoppable by Binaryen's Asyncify, metered or not.
 *
 * Unmetered, as Asyncify is mostly used: what can reach an import or an indirect call can be unwound there; a loop without such calls
 * cannot be stopped. In a module without imports that would be nothing, so there every function can be unwound at its calls.
 *
 * Metered, in the text: fuel in a global is charged at function entries and loop headers; when it has run out, an import is called,
 * which is the only one that may unwind. The import then refills and returns, so the baseline is not charged for unwinding.
 *
 *     (loop $L           (loop $L
 *       …          →       (global.set $fuel (i32.sub (global.get $fuel) (i32.const COST)))
 *                          (if (i32.lt_s (global.get $fuel) (i32.const 0)) (then (call $out)))
 *                          …
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodeModule } from '../../runtime/wasm/index.ts';

/** How long a kernel runs between two calls of the import, about a millisecond. */
export const ASYNCIFY_FUEL = 1_000_000;
const COST = 4;

/** Whether fuel is charged; without, Asyncify alone. */
export type Metering = 'metered' | 'unmetered';

const METERED = ['--pass-arg=asyncify-imports@pluvio.out'];
const EVERY_FUNCTION = ['--pass-arg=asyncify-addlist@*'];

function optionsFor(bytes: Uint8Array<ArrayBuffer>, metering: Metering): readonly string[] {
  const hasImports = WebAssembly.Module.imports(new WebAssembly.Module(bytes)).length > 0;
  const unmetered = hasImports ? [] : EVERY_FUNCTION;
  return ['--asyncify', ...(metering === 'metered' ? METERED : unmetered), '-O2'];
}
const FEATURES = [
  '--enable-bulk-memory',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--enable-mutable-globals',
  '--enable-reference-types',
  '--enable-multivalue',
];
/** Text of a module has several times its size. */
const TEXT_MAX_BYTES = 2 ** 30;
const TOOL_TIMEOUT_MS = 900_000;

const CHARGE = `(global.set $pluvio_fuel (i32.sub (global.get $pluvio_fuel) (i32.const ${COST})))
(if (i32.lt_s (global.get $pluvio_fuel) (i32.const 0)) (then (call $pluvio_out)))`;

/** The text of a module, metered. The text must be as `wasm-dis` writes it: one construct per line, indented by its depth. */
export function meterText(text: string): string {
  const lines: string[] = [];
  let inFunc = false;
  for (const line of text.split('\n')) {
    const opensFunc = line.startsWith(' (func ');
    if (inFunc && !line.startsWith('  (local ')) {
      lines.push(CHARGE);
      inFunc = false;
    }
    lines.push(line);
    if (opensFunc && !line.endsWith('))')) inFunc = true;
    else if (/^ +\(loop\b/.test(line)) lines.push(CHARGE);
    else if (line.startsWith('(module')) lines.push(' (import "pluvio" "out" (func $pluvio_out))');
  }
  const end = lines.join('\n').trimEnd();
  return `${end.slice(0, -1)}
  (global $pluvio_fuel (mut i32) (i32.const ${ASYNCIFY_FUEL}))
  (export "fuel" (global $pluvio_fuel)))`;
}

/** Runs one of Binaryen's tools. @throws Error with what it said */
function runTool(name: string, args: readonly string[]): string {
  const tool = fileURLToPath(new URL(`../../node_modules/binaryen/bin/${name}`, import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [tool, ...FEATURES, ...args], {
    encoding: 'utf8',
    maxBuffer: TEXT_MAX_BYTES,
    timeout: TOOL_TIMEOUT_MS,
  });
  if (status !== 0) throw new Error(`${name} ${status === null ? 'took too long' : `failed: ${firstLine(stderr)}`}`);
  return stdout;
}

/** What Binaryen is given at most. */
const CODE_BYTES_MAX = 1_500_000;

const firstLine = (text: string): string => text.trim().split('\n', 1)[0] ?? '';

/**
 * The path of a module's asyncified form; made once, then kept in the system's folder for temporary files.
 * @throws Error if Binaryen cannot make it
 */
export function asyncified(path: URL, metering: Metering): string {
  const bytes = readFileSync(path);
  const codeBytes = decodeModule(bytes).funcs.reduce((sum, { body }) => sum + (body ? body.end - body.start : 0), 0);
  if (codeBytes > CODE_BYTES_MAX) throw new Error('Binaryen takes more than five minutes for that much code');
  const options = optionsFor(bytes, metering);
  const key = createHash('sha256').update(bytes).update(CHARGE).update(options.join(' '));
  const stem = join(tmpdir(), 'pluvio-bench', key.digest('hex').slice(0, 16));
  const output = `${stem}.wasm`;
  if (existsSync(output)) return output;
  mkdirSync(join(tmpdir(), 'pluvio-bench'), { recursive: true });
  const metered = `${stem}-${process.pid}.wat`;
  const unready = `${stem}-${process.pid}.wasm`;
  let input = fileURLToPath(path);
  try {
    if (metering === 'metered') {
      writeFileSync(metered, meterText(runTool('wasm-dis', [input])));
      input = metered;
    }
    runTool('wasm-opt', [input, ...options, '-o', unready]);
    renameSync(unready, output);
  } finally {
    rmSync(metered, { force: true });
    rmSync(unready, { force: true });
  }
  return output;
}
