/** Checks that hold for a bundle as a whole, when it is packed and when it is unpacked. */
import { FieldFault, inField } from '../engine/plain-fields.ts';
import { PluvioError } from '../errors/index.ts';
import type { WorkerManifest } from './bundle.ts';

const PREAMBLE_BYTES = 8;
const WASM_MAGIC = 0x6d736100;
/** The second word of a preamble: version 1 of the module layer, or any of the component layer. */
const MODULE_VERSION = 1;
const COMPONENT_LAYER = 1;

/** Whether bytes that begin as WebAssembly are a component (component model, Binary.md). */
export const isComponent = (module: Uint8Array): boolean => module[6] === COMPONENT_LAYER && module[7] === 0;

/** @throws PluvioError `BUNDLE_MALFORMED` the bytes do not begin as a module or component */
export function checkModule(module: Uint8Array): void {
  if (module.byteLength >= PREAMBLE_BYTES) {
    const view = new DataView(module.buffer, module.byteOffset, PREAMBLE_BYTES);
    const known = view.getUint32(4, true) === MODULE_VERSION || isComponent(module);
    if (view.getUint32(0, true) === WASM_MAGIC && known) return;
  }
  throw new PluvioError(
    'BUNDLE_MALFORMED',
    `the module of ${module.byteLength} bytes does not begin as WebAssembly does`,
  );
}

/**
 * Checks that what the manifest refers to is among the files.
 * @throws FieldFault
 */
export function checkSources(manifest: WorkerManifest, files: ReadonlyMap<string, unknown>): void {
  const { stdin, files: mounts = [] } = manifest;
  if (stdin !== undefined && !files.has(stdin)) {
    inField('stdin', () => {
      throw new FieldFault(stdin, 'the path of a file of the bundle');
    });
  }
  const folders = new Set([...files.keys()].flatMap(foldersOf));
  mounts.forEach(({ source }, index) => {
    if (files.has(source) || folders.has(source)) return;
    inField(`files[${index}].source`, () => {
      throw new FieldFault(source, 'the path of a file or folder of the bundle');
    });
  });
}

function foldersOf(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}
