/**
 * Tar archives of plain files: POSIX ustar (IEEE Std 1003.1, "pax", ustar Interchange Format), as much as an OCI image layout needs.
 *
 * Boundary: names and bytes; what they mean is `drop.ts`'s. Files and folders only: a link, a device or an extension is refused.
 */
import { PluvioError } from '../errors/index.ts';
import { StreamReader } from './byte-stream.ts';

const BLOCK_BYTES = 512;
const END_BLOCKS = 2;
const WHAT = 'bundle archive';

/** Fields of a header block: where they begin and how long they are. */
const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  magic: [257, 6],
  version: [263, 2],
  prefix: [345, 155],
} as const satisfies Record<string, readonly [start: number, sizeBytes: number]>;

type FieldName = keyof typeof FIELDS;

const TYPES: Readonly<Record<string, 'file' | 'folder'>> = { '0': 'file', '\0': 'file', '5': 'folder' };

export interface TarFile {
  /** ASCII, at most 100 characters. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Writes files with one fixed owner, mode and time: same files, same bytes. */
export async function* writeTar(files: Iterable<TarFile>): AsyncGenerator<Uint8Array, void, undefined> {
  for (const { name, bytes } of files) {
    yield await Promise.resolve(encodeHeader(name, bytes.byteLength));
    yield bytes;
    yield new Uint8Array(-bytes.byteLength & (BLOCK_BYTES - 1));
  }
  yield new Uint8Array(END_BLOCKS * BLOCK_BYTES);
}

function encodeHeader(name: string, sizeBytes: number): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  const put = (field: FieldName, text: string): void => {
    block.set(new TextEncoder().encode(text), FIELDS[field][0]);
  };
  const octal = (field: FieldName, value: number): void =>
    put(field, value.toString(8).padStart(FIELDS[field][1] - 1, '0'));
  put('name', name);
  octal('mode', 0o644);
  octal('uid', 0);
  octal('gid', 0);
  octal('size', sizeBytes);
  octal('mtime', 0);
  put('type', '0');
  put('magic', 'ustar\0');
  put('version', '00');
  put('checksum', `${checksumOf(block).toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** Sum of a header's bytes, its checksum taken as spaces. */
function checksumOf(block: Uint8Array): number {
  const [start, sizeBytes] = FIELDS.checksum;
  return block.reduce((sum, byte, at) => sum + (at >= start && at < start + sizeBytes ? 0x20 : byte), 0);
}

/**
 * Reads the files of an archive; `checkSize` may refuse one before its bytes are taken.
 * @throws PluvioError `BUNDLE_MALFORMED`, `BUNDLE_LIMIT`
 */
export async function* readTar(
  stream: AsyncIterable<Uint8Array>,
  maxBytes: number,
  checkSize: (name: string, sizeBytes: number) => void,
): AsyncGenerator<TarFile, void, undefined> {
  const reader = new StreamReader(stream, WHAT, maxBytes);
  try {
    for (;;) {
      const block = await reader.read(BLOCK_BYTES);
      if (block.every((byte) => byte === 0)) break;
      const { name, sizeBytes, type } = decodeHeader(block, reader.offset - BLOCK_BYTES);
      if (type === 'folder') continue;
      checkSize(name, sizeBytes);
      const bytes = await reader.read(sizeBytes);
      await readZeros(reader, -sizeBytes & (BLOCK_BYTES - 1));
      yield { name, bytes };
    }
    await readZeros(reader, BLOCK_BYTES * (END_BLOCKS - 1));
    while (!(await reader.atEnd())) await readZeros(reader, BLOCK_BYTES);
  } finally {
    await reader.close();
  }
}

async function readZeros(reader: StreamReader, sizeBytes: number): Promise<void> {
  const at = reader.offset;
  const bytes = await reader.read(sizeBytes);
  if (bytes.some((byte) => byte !== 0)) throw malformed(at, 'padding that is not zero', 'zeros');
}

function decodeHeader(
  block: Uint8Array,
  at: number,
): { readonly name: string; readonly sizeBytes: number; readonly type: 'file' | 'folder' } {
  if (readOctal(block, 'checksum', at) !== checksumOf(block))
    throw malformed(at, 'a header with a wrong checksum', 'a tar header');
  if (!readText(block, 'magic').startsWith('ustar'))
    throw malformed(at, 'a header without the magic', "the magic 'ustar'");
  const letter = String.fromCharCode(block[FIELDS.type[0]] ?? 0);
  const type = TYPES[letter];
  if (type === undefined) throw malformed(at, `an entry of type ${JSON.stringify(letter)}`, 'a file or folder');
  const sizeBytes = readOctal(block, 'size', at);
  if (type === 'folder' && sizeBytes !== 0)
    throw malformed(at, `a folder of ${sizeBytes} bytes`, 'a folder without content');
  // the prefix field is ustar's alone; the older magic 'ustar ' has other things there
  const prefix = readText(block, 'magic') === 'ustar' ? readText(block, 'prefix') : '';
  const name = readText(block, 'name');
  return { name: prefix === '' ? name : `${prefix}/${name}`, sizeBytes, type };
}

/** The text of a field up to its first NUL, each byte a character. */
function readText(block: Uint8Array, field: FieldName): string {
  const [start, sizeBytes] = FIELDS[field];
  const bytes = block.subarray(start, start + sizeBytes);
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end === -1 ? bytes : bytes.subarray(0, end)));
}

function readOctal(block: Uint8Array, field: FieldName, at: number): number {
  const text = readText(block, field).trim();
  if (!/^[0-7]{1,11}$/.test(text)) throw malformed(at, `the ${field} ${JSON.stringify(text)}`, 'an octal number');
  return parseInt(text, 8);
}

const malformed = (at: number, found: string, expected: string): PluvioError =>
  new PluvioError('BUNDLE_MALFORMED', `${WHAT} at offset 0x${at.toString(16)} has ${found}; it must be ${expected}`);
