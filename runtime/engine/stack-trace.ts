/**
 * Where the guest was, as an engine's stack trace tells it.
 *
 * Boundary: reads the text of `Error.stack`, of V8 and of SpiderMonkey (JavaScriptCore tells nothing); knows how side modules name their
 * functions.
 */
import { ENGINE_FUNCS } from '../instrument/index.ts';
import { openReader, OPCODES, readU32, rowOfCode } from '../wasm/index.ts';
import type { LoadedModule } from './loaded-module.ts';
import type { TraceFrame } from './types.ts';

/** A line of a trace that is in WebAssembly code. */
interface Place {
  /** Function of the guest; beyond its functions: one that the instrumenter added. */
  readonly func: number;
  /** Site of the side module that the code is in; undefined: the instrumented module itself. */
  readonly site: number | undefined;
  /** Byte offset in that module, if the engine tells. */
  readonly offset: number | undefined;
}

/** A function's name may hold anything, hence the last match: `at name (wasm://…:wasm-function[3]:0x5f)`, `name@…:wasm-function[3]:0x5f`. */
const FRAME = /.*wasm-function\[(?<index>\d+)\](?::0x(?<offset>[0-9a-f]+)\)?$)?/;
/** Functions of side modules are named after the function that they continue and the module's site. */
const CONTINUED = /^(?:\s*at )?@(?<func>\d+):(?<site>\d+)(?:@| \()/;

/** The WebAssembly places of a trace, innermost first. */
function placesOf(error: Error): Place[] {
  return (error.stack ?? '').split('\n').flatMap((line) => {
    const frame = FRAME.exec(line)?.groups;
    if (frame === undefined) return [];
    const continued = CONTINUED.exec(line)?.groups;
    const func = Number(continued?.['func'] ?? Number(frame['index']) - ENGINE_FUNCS.length);
    const site = continued === undefined ? undefined : Number(continued['site']);
    const offset = frame['offset'] === undefined ? undefined : Number.parseInt(frame['offset'], 16);
    return [{ func, site, offset }];
  });
}

/** Guest frames of an engine's stack trace, innermost first. */
export function traceFrames(error: Error, module: LoadedModule): TraceFrame[] {
  const { importedFuncs, funcs } = module.module;
  return placesOf(error)
    .filter(({ func }) => func >= importedFuncs && func < funcs.length)
    .map(({ func }) => ({ func, name: module.funcName(func), pc: undefined }));
}

/** Name of the instruction that the innermost frame of the trace is at, if the engine tells. */
export function trappedInstruction(error: Error, module: LoadedModule): string | undefined {
  const [place] = placesOf(error);
  if (place?.offset === undefined) return undefined;
  const bytes = bytesOf(place, module);
  const first = bytes?.[place.offset];
  if (bytes === undefined || first === undefined) return undefined;
  const plain = rowOfCode(0, first);
  const row = plain >= 0 ? plain : rowOfCode(first, readU32(openReader(bytes, place.offset + 1)));
  return OPCODES[row]?.name;
}

/** A guest may name its functions as side modules do, so the site may not exist. */
function bytesOf({ site }: Place, module: LoadedModule): Uint8Array | undefined {
  if (site === undefined) return module.instrumentAgain();
  return module.hasSite(site) ? module.side(site).side.bytes : undefined;
}
