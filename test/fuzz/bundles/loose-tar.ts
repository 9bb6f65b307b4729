/** Writes tar archives, also such as no honest tool writes. */
import type { Choices } from '../choices.ts';
import type { ArchiveFile } from './parts.ts';

const BLOCK_BYTES = 512;
const FIELDS = {
  name: 0,
  mode: 100,
  size: 124,
  mtime: 136,
  checksum: 148,
  type: 156,
  linkname: 157,
  magic: 257,
  prefix: 345,
} as const;

/** One entry, before it is written. */
interface Entry {
  name: string;
  bytes: Uint8Array;
  size: string;
  type: string;
  linkname: string;
  magic: string;
  prefix: string;
  checksum: number | undefined;
  /** Bytes that follow the content instead of what fills the block. */
  padding: Uint8Array | undefined;
}

const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, '0');

const entryOf = ({ name, bytes }: ArchiveFile): Entry => ({
  name,
  bytes,
  size: octal(bytes.length, 11),
  type: '0',
  linkname: '',
  magic: 'ustar\u000000',
  prefix: '',
  checksum: undefined,
  padding: undefined,
});

function put(block: Uint8Array, at: number, text: string): void {
  for (let index = 0; index < text.length && at + index < BLOCK_BYTES; index++)
    block[at + index] = text.charCodeAt(index);
}

function headerOf(entry: Entry): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  put(block, FIELDS.name, entry.name.slice(0, 100));
  put(block, FIELDS.mode, '0000644\u00000000000\u00000000000\u0000');
  put(block, FIELDS.size, entry.size.slice(0, 12));
  put(block, FIELDS.mtime, '00000000000');
  put(block, FIELDS.type, entry.type);
  put(block, FIELDS.linkname, entry.linkname.slice(0, 100));
  put(block, FIELDS.magic, entry.magic);
  put(block, FIELDS.prefix, entry.prefix.slice(0, 155));
  put(block, FIELDS.checksum, '        ');
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(block, FIELDS.checksum, `${octal(entry.checksum ?? sum, 6)}\0 `);
  return block;
}

const NAMES = [
  ...[
    '../x',
    '../../../../tmp/x',
    '/etc/passwd',
    'blobs/sha256/..',
    'blobs/sha256/',
    'blobs',
    './index.json',
    './',
    '',
  ],
  ...['index.json/', 'blobs/sha256/../../index.json', 'oci-layout\0x', 'C:\\x', 'é', `blobs/sha256/${'0'.repeat(64)}`],
  `blobs/sha256/${'F'.repeat(64)}`,
] as const;
const SIZES = [
  ...[
    '77777777777',
    '00000000000',
    '-0000000001',
    '           ',
    '0x10',
    '1e3',
    '00000000008',
    '',
    '17777777777',
    '00000000001',
  ],
  ...['\u0080\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0001', '\u00ff'.repeat(12)],
] as const;
/** Every type letter of the known dialects: links, devices, folders, pax and GNU extensions, sparse files. */
const TYPES = ['\0', '1', '2', '3', '4', '5', '6', '7', 'x', 'g', 'L', 'K', 'S', 'M', 'V', 'D', 'A', ' ', 'z'] as const;
const LINKS = ['../../etc/passwd', '/etc/passwd', 'index.json', '.', ''] as const;
const PAX = [
  '30 path=../../../etc/passwd00\n',
  '20 size=99999999999\n',
  '9 x=y\n',
  '28 GNU.sparse.size=10000000\n',
] as const;

const CHANGES: readonly ((entry: Entry, entries: Entry[], choices: Choices) => void)[] = [
  (entry, _, choices) => (entry.name = choices.pick(NAMES)),
  (entry, _, choices) => (entry.name = `${choices.pick(['./', '/', '../', '././', ' '])}${entry.name}`),
  (entry, _, choices) => (entry.size = choices.pick(SIZES)),
  (entry, _, choices) =>
    (entry.size = octal(Math.max(0, entry.bytes.length + choices.pick([1, -1, 512, -512, 100_000])), 11)),
  (entry, _, choices) => (entry.type = choices.pick(TYPES)),
  (entry, _, choices) => {
    entry.type = choices.pick(['1', '2']);
    entry.linkname = choices.pick(LINKS);
    entry.size = octal(0, 11);
    entry.bytes = new Uint8Array();
  },
  (entry, _, choices) =>
    (entry.magic = choices.pick(['ustar  \0', '', 'ustar\0\0\0', 'USTAR\u000000', 'ustar\u000099'])),
  (entry, _, choices) => (entry.prefix = choices.pick(['..', '/', 'blobs', 'blobs/sha256', 'x'.repeat(155)])),
  (entry, _, choices) => (entry.checksum = choices.pick([0, 1, 0o777777])),
  (entry, _, choices) => (entry.padding = choices.bytes(choices.pick([0, 1, 511, 512, 513]))),
  (entry, entries, choices) => void entries.splice(choices.below(entries.length), 0, { ...entry }),
  (entry, entries) => void entries.splice(entries.indexOf(entry), 1),
  (_, entries) => void entries.reverse(),
  (entry, entries, choices) => {
    const bytes = new TextEncoder().encode(choices.pick(PAX));
    const type = choices.pick(['x', 'g', 'L']);
    entries.splice(entries.indexOf(entry), 0, { ...entryOf({ name: 'PaxHeaders/x', bytes }), type });
  },
  (_, entries, choices) => {
    const count = choices.pick([3, 50, 400]);
    entries.push(
      ...Array.from({ length: count }, (_item, index) =>
        entryOf({ name: `blobs/sha256/${octal(index, 64)}`, bytes: new Uint8Array() }),
      ),
    );
  },
];

/** What stands behind the entries. */
const ENDS = [1024, 1024, 1024, 1024, 0, 512, 513, 10_240] as const;

/** The archive, with `most` changes at most to what makes it one; 0: none. */
export function looseTar(files: readonly ArchiveFile[], choices: Choices, most: number): Uint8Array {
  const entries = files.map(entryOf);
  if (most > 0) {
    choices.changes(most, (own) => {
      const entry = entries[own.below(entries.length)];
      if (entry !== undefined) own.pick(CHANGES)(entry, entries, own);
    });
  }
  const blocks = entries.flatMap((entry) => {
    const fill = new Uint8Array(-entry.bytes.length & (BLOCK_BYTES - 1));
    return [headerOf(entry), entry.bytes, entry.padding ?? fill];
  });
  return new Uint8Array(Buffer.concat([...blocks, new Uint8Array(most > 0 ? choices.pick(ENDS) : 1024)]));
}
