/**
 * The baseline "Asyncify with fuel": a kernel that is metered, then made stoppable by Binaryen.
 *
 * Metering is in the text: fuel in a global is charged at function entries and loop headers; when it has run out, an import is called,
 * which is the only one that may unwind. The import then refills and returns, so the baseline is not charged for unwinding.
 *
 *     loop $L            loop $L
 *       …           →      (global.set $fuel (i32.sub (global.get $fuel) (i32.const COST)))
 *                          (if (i32.lt_s (global.get $fuel) (i32.const 0)) (then (call $out)))
 *                          …
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import wabt from 'wabt';

/** How long a kernel runs between two calls of the import, about a millisecond. */
export const ASYNCIFY_FUEL = 1_000_000;
const COST = 4;
const OPTIONS = ['--asyncify', '--pass-arg=asyncify-imports@pluvio.out', '-O2'];
const FEATURES = [
  '--enable-bulk-memory',
  '--enable-sign-ext',
  '--enable-nontrapping-float-to-int',
  '--enable-mutable-globals',
];

const CHARGE = `global.get $pluvio_fuel i32.const ${COST} i32.sub global.set $pluvio_fuel
 global.get $pluvio_fuel i32.const 0 i32.lt_s if call $pluvio_out end`;

/** The text of a module, metered. The text must be flat, with a name for every function. */
export function meterText(text: string): string {
  const lines: string[] = [];
  let inFunc = false;
  for (const line of text.split('\n')) {
    const opensFunc = line.startsWith('  (func ');
    if (inFunc && !line.startsWith('    (local ')) {
      lines.push(CHARGE);
      inFunc = false;
    }
    lines.push(line);
    if (opensFunc) inFunc = true;
    else if (/^ +loop\b/.test(line)) lines.push(CHARGE);
    else if (line.startsWith('(module')) lines.push('  (import "pluvio" "out" (func $pluvio_out))');
  }
  const end = lines.join('\n').trimEnd();
  return `${end.slice(0, -1)}
  (global $pluvio_fuel (mut i32) (i32.const ${ASYNCIFY_FUEL}))
  (export "fuel" (global $pluvio_fuel)))`;
}

/** The path of a kernel's asyncified form; made once, then kept in the system's folder for temporary files. */
export async function asyncified(path: URL): Promise<string> {
  const original = readFileSync(path);
  const key = createHash('sha256').update(original).update(CHARGE).update(OPTIONS.join(' ')).digest('hex').slice(0, 16);
  const folder = join(tmpdir(), 'pluvio-bench');
  const output = join(folder, `asyncify-${key}.wasm`);
  if (existsSync(output)) return output;
  mkdirSync(folder, { recursive: true });
  const metered = join(folder, `metered-${key}-${process.pid}.wasm`);
  writeFileSync(metered, await meter(original));
  const unready = `${output}.${process.pid}`;
  const tool = new URL('../../node_modules/binaryen/bin/wasm-opt', import.meta.url).pathname;
  const { status, stderr } = spawnSync(process.execPath, [tool, ...FEATURES, metered, ...OPTIONS, '-o', unready], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`wasm-opt failed on ${path.pathname}: ${stderr}`);
  renameSync(unready, output);
  return output;
}

async function meter(original: Uint8Array): Promise<Uint8Array> {
  const tools = await wabt();
  // The tool reads a view's whole buffer.
  const module = tools.readWasm(Uint8Array.from(original), { readDebugNames: false });
  module.generateNames();
  module.applyNames();
  const text = module.toText({ foldExprs: false, inlineExport: false });
  return tools.parseWat('metered.wat', meterText(text)).toBinary({}).buffer;
}
