/** Imports and exports (core specification 5.5.5 and 5.5.10). */
import { readGlobalType, readMemoryType, readTableType, readTagType } from './decode-types.ts';
import type { Export, ExternKind, Import, ImportDesc } from './module.ts';
import { readByte, readCount, readName, type Reader, readU32 } from './reader.ts';
import { hex, inPath, malformed, overLimit } from './wasm-error.ts';
import { WASM_LIMITS } from './wasm-limits.ts';

/** Kinds of external types by their byte. */
export const EXTERN_KINDS: readonly ExternKind[] = ['func', 'table', 'memory', 'global', 'tag'];

const IMPORT_DESCS: Readonly<Record<ExternKind, (reader: Reader) => ImportDesc>> = {
  func: (reader) => ({ kind: 'func', typeIndex: readU32(reader) }),
  table: (reader) => ({ kind: 'table', type: readTableType(reader) }),
  memory: (reader) => ({ kind: 'memory', type: readMemoryType(reader) }),
  global: (reader) => ({ kind: 'global', type: readGlobalType(reader) }),
  tag: (reader) => ({ kind: 'tag', type: readTagType(reader) }),
};

function readExternKind(reader: Reader): ExternKind {
  const byte = readByte(reader);
  const kind = EXTERN_KINDS[byte];
  if (kind === undefined) throw malformed(reader.pos - 1, `kind ${hex(byte)} does not exist`);
  return kind;
}

export function readImportSection(reader: Reader): readonly Import[] {
  const count = readCount(reader, 'imports');
  if (count > WASM_LIMITS.imports) throw overLimit('imports', count, WASM_LIMITS.imports);
  const imports: Import[] = [];
  for (let index = 0; index < count; index++) {
    let names = '';
    inPath(
      () => `import[${index}]${names}`,
      () => {
        const module = readName(reader);
        const name = readName(reader);
        names = ` ${JSON.stringify(module)}.${JSON.stringify(name)}`;
        imports.push({ module, name, desc: IMPORT_DESCS[readExternKind(reader)](reader) });
      },
    );
  }
  return imports;
}

export function readExportSection(reader: Reader): readonly Export[] {
  const count = readCount(reader, 'exports');
  if (count > WASM_LIMITS.exports) throw overLimit('exports', count, WASM_LIMITS.exports);
  const exports: Export[] = [];
  for (let index = 0; index < count; index++) {
    let shown = '';
    inPath(
      () => `export[${index}]${shown}`,
      () => {
        const name = readName(reader);
        shown = ` ${JSON.stringify(name)}`;
        const kind = readExternKind(reader);
        exports.push({ name, kind, index: readU32(reader) });
      },
    );
  }
  return exports;
}
