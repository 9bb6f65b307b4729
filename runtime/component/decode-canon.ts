/** Canonical definitions of a component (Component Model, Binary.md, "Canonical Definitions"). */
import { readByte, type Reader, readU32 } from '../wasm/index.ts';
import { malformedComponent, unsupportedComponent } from './component-error.ts';
import { readItems } from './decode-component.ts';
import type { Canon, CanonOptions } from './definitions.ts';

type OptionPart = Partial<CanonOptions>;

/** Options by their code. */
const OPTIONS: Readonly<Record<number, (reader: Reader) => OptionPart>> = {
  0x00: () => ({ encoding: 'utf8' }),
  0x01: () => ({ encoding: 'utf16' }),
  0x02: () => ({ encoding: 'latin1+utf16' }),
  0x03: (reader) => ({ memory: readU32(reader) }),
  0x04: (reader) => ({ realloc: readU32(reader) }),
  0x05: (reader) => ({ postReturn: readU32(reader) }),
  0x06: () => ({ unsupported: 'async' }),
  0x07: (reader) => {
    readU32(reader);
    return { unsupported: 'callback' };
  },
};

const DEFAULTS: CanonOptions = {
  encoding: 'utf8',
  memory: undefined,
  realloc: undefined,
  postReturn: undefined,
  unsupported: undefined,
};

function readOptions(reader: Reader): CanonOptions {
  const parts = readItems(reader, 'options', () => {
    const at = reader.pos;
    const code = readByte(reader);
    const read = OPTIONS[code];
    if (read === undefined) throw malformedComponent(at, `the canonical option ${code} is unknown`);
    return read(reader);
  });
  return Object.assign({ ...DEFAULTS }, ...parts) as CanonOptions; // parts are partial options
}

const RESOURCE_KINDS = { 0x02: 'resource.new', 0x03: 'resource.drop', 0x04: 'resource.rep' } as const;

export function readCanon(reader: Reader): Canon {
  const at = reader.pos;
  const code = readByte(reader);
  switch (code) {
    case 0x00:
    case 0x01: {
      if (readByte(reader) !== 0x00) throw malformedComponent(at, 'the form of a canonical definition is unknown');
      const func = readU32(reader);
      const options = readOptions(reader);
      return code === 0x01
        ? { kind: 'lower', func, options }
        : { kind: 'lift', coreFunc: func, options, typeIndex: readU32(reader) };
    }
    case 0x02:
    case 0x03:
    case 0x04:
      return { kind: RESOURCE_KINDS[code], typeIndex: readU32(reader) };
    default:
      throw unsupportedComponent(
        `it uses the canonical function 0x${code.toString(16)} (at offset 0x${at.toString(16)}), which is not of WASI 0.2: asynchronous functions, threads and streams are not supported`,
      );
  }
}
