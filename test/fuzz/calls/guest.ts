/** A guest that calls whatever function of WASI it is told to, with whatever arguments. */
import { WASI_FUNCTIONS, type WasiFunctionName } from '../../../runtime/host/wasi/functions.ts';
import { I32, I64, type ValType } from '../../../runtime/wasm/index.ts';
import {
  bodyOf,
  exprOf,
  funcType,
  type Instr,
  limits,
  moduleOf,
  typesOf,
} from '../../../runtime/wasm/testing/assemble.ts';

export const ABIS = ['wasi_snapshot_preview1', 'wasi_unstable'] as const;
export const MEMORY_PAGES = 2;

/** Texts that lie in the guest's memory, one after the other from TEXTS_AT. */
export const TEXTS = [
  ...[
    '',
    '.',
    '..',
    '../..',
    '/',
    '/etc/passwd',
    'a',
    'dir',
    'dir/',
    'dir/x',
    'dir/../a',
    '../a',
    'link',
    'link/x',
    'loop',
    'loop/x',
  ],
  ...[
    'dir/../../..',
    'a/..',
    './././a',
    'a\0b',
    'new',
    'new/new',
    'é',
    'x'.repeat(255),
    'x'.repeat(256),
    'deep/'.repeat(100),
  ],
  ...['dir//x', '//', 'dir/up', 'dir/up/up', `${'../'.repeat(40)}proc/self/environ`, 'y'.repeat(5000), '\ud800'],
] as const;
export const TEXTS_AT = 2048;
/** Lists of buffers and of subscriptions, right and wrong, at these addresses. */
export const TABLES_AT = { vectors: 256, subscriptions: 512, scratch: 16_384 } as const;

const encoder = new TextEncoder();

/** Address and length of each text. */
export const TEXT_PLACES: readonly (readonly [address: number, sizeBytes: number])[] = (() => {
  let at = TEXTS_AT;
  return TEXTS.map((text) => {
    const place = [at, encoder.encode(text).length] as const;
    at += place[1];
    return place;
  });
})();

function initialMemory(): Uint8Array {
  const bytes = new Uint8Array(TABLES_AT.scratch + 64);
  const view = new DataView(bytes.buffer);
  TEXTS.forEach((text, index) => bytes.set(encoder.encode(text), TEXT_PLACES[index]?.[0]));
  const vectors = [
    [TABLES_AT.scratch, 64],
    [0x1fff0, 16],
    [0x1fff0, 17],
    [0xffff_ffff, 1],
    [0, 0],
    [TABLES_AT.scratch, 0xffff_ffff],
  ];
  vectors.forEach(([address = 0, sizeBytes = 0], index) => {
    view.setUint32(TABLES_AT.vectors + index * 8, address, true);
    view.setUint32(TABLES_AT.vectors + index * 8 + 4, sizeBytes, true);
  });
  for (let index = 0; index < 6; index++) {
    const at = TABLES_AT.subscriptions + index * 48;
    view.setBigUint64(at, BigInt(index), true);
    view.setUint8(at + 8, index % 4);
    view.setUint32(at + 16, index, true);
    view.setBigUint64(at + 24, BigInt(index) * 1_000_000n, true);
  }
  return bytes;
}

export const FUNCTION_NAMES = Object.keys(WASI_FUNCTIONS) as WasiFunctionName[]; // its keys

export const paramsOf = (name: WasiFunctionName): readonly ('i32' | 'i64')[] => WASI_FUNCTIONS[name].params;

/** The guest's module: for each function of each version an export that calls it, named `version.function`. */
export function callingGuest(): Uint8Array {
  const imports = ABIS.flatMap((abi) => FUNCTION_NAMES.map((name) => ({ abi, name })));
  const typeOf = (name: WasiFunctionName) => {
    const params = paramsOf(name).map((type): ValType => (type === 'i32' ? I32 : I64));
    return funcType(
      params,
      WASI_FUNCTIONS[name].results.map(() => I32),
    );
  };
  return moduleOf({
    types: typesOf(imports.map(({ name }) => typeOf(name))),
    imports: imports.map(({ abi, name }, index) => ({ module: abi, name, desc: { kind: 'func', typeIndex: index } })),
    funcs: imports.map(({ name }, index) => ({
      typeIndex: index,
      body: bodyOf([...paramsOf(name).map((_, param): Instr => ['local.get', param]), ['call', index]]),
    })),
    memories: [{ limits: limits(MEMORY_PAGES, MEMORY_PAGES) }],
    exports: [
      { name: 'memory', kind: 'memory', index: 0 },
      ...imports.map(({ abi, name }, index) => ({
        name: `${abi}.${name}`,
        kind: 'func' as const,
        index: imports.length + index,
      })),
    ],
    datas: [{ mode: 'active', memoryIndex: 0, offset: exprOf(['i32.const', 0]), content: initialMemory() }],
  });
}
