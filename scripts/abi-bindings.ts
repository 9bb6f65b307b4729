/** The bindings of guests, from the table of host calls: a C header, AssemblyScript declarations and a module of Rust. */
import { ABI_ERRORS, HOST_CALLS, type HostCallRow, LOG_LEVELS, type Param } from '../runtime/host/abi/index.ts';

const ROWS: readonly (readonly [string, HostCallRow])[] = Object.entries(HOST_CALLS);
const COMMENT_WIDTH = 110;

/** Text as lines of a width, without the Markdown that a compiler's reader would not see as such. */
function wrapped(text: string, prefix: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.replaceAll('’', "'").split(' ')) {
    if (line !== '' && line.length + word.length + 1 > COMMENT_WIDTH) {
      lines.push(prefix + line);
      line = '';
    }
    line += line === '' ? word : ` ${word}`;
  }
  return [...lines, prefix + line];
}

const isLong = ({ result }: HostCallRow): boolean => result === 'ns';

/** What a call gives, for a reader of the bindings. */
const RESULTS = {
  done: 'Gives 0 or an error.',
  result: 'Gives the length of the result register, or an error.',
  length: 'Gives a length, or an error.',
  ns: 'Gives nanoseconds, or an error.',
} as const satisfies Record<HostCallRow['result'], string>;

// --- C ---

const isRead = ({ type }: Param): boolean => type === 'text' || type === 'name' || type === 'json';

function cRawParams(param: Param): string[] {
  const { name, type } = param;
  if (isRead(param)) return [`const char *${name}`, `size_t ${name}_length`];
  if (type === 'bytes') return [`const void *${name}`, `size_t ${name}_length`];
  if (type === 'buffer') return [`void *${name}`, `size_t ${name}_size`];
  return [type === 'u32' ? `uint32_t ${name}` : `int64_t ${name}_ms`];
}

const cParams = (param: Param): string[] => (isRead(param) ? [`const char *${param.name}`] : cRawParams(param));

const lastWord = (declaration: string): string => /\w+$/.exec(declaration)?.[0] ?? '';

function cArguments(param: Param): string[] {
  return isRead(param) ? [param.name, `pluvio_length(${param.name})`] : cRawParams(param).map(lastWord);
}

const listOf = (items: readonly string[]): string => (items.length === 0 ? 'void' : items.join(', '));

function cFunction([name, row]: readonly [string, HostCallRow]): string[] {
  const type = isLong(row) ? 'int64_t' : 'int32_t';
  const raw = listOf(row.params.flatMap(cRawParams));
  const plain = listOf(row.params.flatMap(cParams));
  const passed = row.params.flatMap(cArguments).join(', ');
  return [
    '',
    ...wrapped(`${row.summary} ${RESULTS[row.result]}`, '// '),
    `PLUVIO_IMPORT(${name}) ${type} pluvio_raw_${name}(${raw});`,
    `static inline ${type} pluvio_${name}(${plain}) { return pluvio_raw_${name}(${passed}); }`,
  ];
}

/** sdk/c/pluvio.h */
export function cHeader(): string {
  return [
    '// Written by `node scripts/write-docs.ts` from runtime/host/abi/host-call-table.ts.',
    '//',
    '// Host calls of Pluvio, version 1, for guests in C and C++. docs/abi.md is the specification.',
    '//',
    '// pluvio_raw_NAME is the import, with a length for every text; pluvio_NAME takes texts that end with NUL, and NULL for an empty one.',
    '// A result below 0 is an error of enum pluvio_error.',
    '#ifndef PLUVIO_H',
    '#define PLUVIO_H',
    '',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '#include <string.h>',
    '',
    '#ifdef __cplusplus',
    'extern "C" {',
    '#endif',
    '',
    '#define PLUVIO_IMPORT(name) __attribute__((import_module("pluvio_v1"), import_name(#name)))',
    '// Makes a function an export of the module.',
    '#define PLUVIO_EXPORT(name) __attribute__((export_name(#name)))',
    '',
    'enum pluvio_error {',
    ...Object.entries(ABI_ERRORS).map(([name, { code, summary }]) => `  PLUVIO_${name} = ${code}, // ${summary}`),
    '};',
    '',
    `enum pluvio_level { ${LOG_LEVELS.map((level) => `PLUVIO_${level.toUpperCase()}`).join(', ')} };`,
    '',
    '// For timeouts: no end.',
    '#define PLUVIO_FOREVER ((int64_t)-1)',
    '',
    'static inline size_t pluvio_length(const char *text) { return text ? strlen(text) : 0; }',
    ...ROWS.flatMap(cFunction),
    '',
    '#ifdef __cplusplus',
    '}',
    '#endif',
    '#endif',
    '',
  ].join('\n');
}

// --- AssemblyScript ---

function assemblyParams({ name, type }: Param): string[] {
  if (type === 'u32') return [`${name}: u32`];
  if (type === 'ms' || type === 'timeout') return [`${name}Ms: i64`];
  return [`${name}: usize`, `${name}${type === 'buffer' ? 'Size' : 'Length'}: usize`];
}

/** sdk/assembly/pluvio_v1.ts */
export function assemblyImports(): string {
  return [
    '// Written by `node scripts/write-docs.ts` from runtime/host/abi/host-call-table.ts.',
    '//',
    '// Host calls of Pluvio, version 1, for guests in AssemblyScript, as they are imported: the name of this file is that of the import',
    '// module. Texts, bytes and buffers are pointer and length; a result below 0 is an error. docs/abi.md is the specification.',
    '',
    ...Object.entries(ABI_ERRORS).flatMap(([name, { code, summary }]) => [
      `/** ${summary} */`,
      `export const ${name}: i32 = ${code};`,
    ]),
    '',
    ...LOG_LEVELS.map((level, index) => `export const LOG_${level.toUpperCase()}: u32 = ${index};`),
    '/** For timeouts: no end. */',
    'export const FOREVER: i64 = -1;',
    ...ROWS.flatMap(([name, row]) => [
      '',
      '/**',
      ...wrapped(`${row.summary} ${RESULTS[row.result]}`, ' * '),
      ' */',
      `export declare function ${name}(${row.params.flatMap(assemblyParams).join(', ')}): ${isLong(row) ? 'i64' : 'i32'};`,
    ]),
    '',
  ].join('\n');
}

// --- Rust ---

function rustParams({ name, type }: Param): string[] {
  if (type === 'u32') return [`${name}: u32`];
  if (type === 'ms' || type === 'timeout') return [`${name}_ms: i64`];
  if (type === 'buffer') return [`${name}: *mut u8`, `${name}_size: usize`];
  return [`${name}: *const u8`, `${name}_length: usize`];
}

/** `NOT_FOUND` as `NotFound`. */
const variantOf = (name: string): string =>
  name.toLowerCase().replaceAll(/(?:^|_)(\w)/g, (_, first: string) => first.toUpperCase());

function rustErrorCodes(): string[] {
  const names = Object.keys(ABI_ERRORS);
  return [
    '',
    '/// Why a call could not be done.',
    '#[derive(Clone, Copy, Debug, PartialEq, Eq)]',
    '#[non_exhaustive]',
    'pub enum ErrorCode {',
    ...Object.entries(ABI_ERRORS).flatMap(([name, { summary }]) => [`    /// ${summary}`, `    ${variantOf(name)},`]),
    '    /// A code that this version of the SDK does not know.',
    '    Unknown(i32),',
    '}',
    '',
    'impl ErrorCode {',
    '    pub(crate) fn of(code: i32) -> Self {',
    '        match code {',
    ...names.map((name) => `            ${name} => ErrorCode::${variantOf(name)},`),
    '            _ => ErrorCode::Unknown(code),',
    '        }',
    '    }',
    '}',
    '',
    '/// The name of docs/abi.md.',
    'impl std::fmt::Display for ErrorCode {',
    "    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {",
    '        match self {',
    ...names.map((name) => `            ErrorCode::${variantOf(name)} => f.write_str("${name}"),`),
    '            ErrorCode::Unknown(code) => write!(f, "ERROR {}", code),',
    '        }',
    '    }',
    '}',
  ];
}

/** sdk/rust/src/raw.rs */
export function rustImports(): string {
  return [
    '// Written by `node scripts/write-docs.ts` from runtime/host/abi/host-call-table.ts.',
    '',
    '//! Host calls of Pluvio, version 1, as they are imported. Texts, bytes and buffers are pointer and length; a result below 0 is',
    '//! an error. docs/abi.md is the specification.',
    '//!',
    '//! Pointers and lengths must name memory of the program; apart from that no call is unsafe.',
    '',
    ...Object.entries(ABI_ERRORS).flatMap(([name, { code, summary }]) => [
      `/// ${summary}`,
      `pub const ${name}: i32 = ${code};`,
    ]),
    '',
    ...LOG_LEVELS.map((level, index) => `pub const LOG_${level.toUpperCase()}: u32 = ${index};`),
    '/// For timeouts: no end.',
    'pub const FOREVER: i64 = -1;',
    ...rustErrorCodes(),
    '',
    '#[link(wasm_import_module = "pluvio_v1")]',
    'extern "C" {',
    ...ROWS.flatMap(([name, row], index) => [
      ...(index === 0 ? [] : ['']),
      ...wrapped(`${row.summary} ${RESULTS[row.result]}`, '    /// '),
      `    pub fn ${name}(${row.params.flatMap(rustParams).join(', ')}) -> ${isLong(row) ? 'i64' : 'i32'};`,
    ]),
    '}',
    '',
  ].join('\n');
}
