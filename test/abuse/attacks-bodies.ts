/** Bodies that are too large, too deep, of the wrong kind, or not what they say. */
import { MEDIA } from '../../runtime/node/media-types.ts';
import { ask, type Arena, type Attack, JSON_TYPE, requestHead, requestWith } from './attack.ts';

/** Operations that take JSON. */
const jsonPaths = ({ victim }: Arena): readonly string[] => [
  '/v1/workers',
  `/v1/workers/${victim}/call/apply`,
  `/v1/workers/${victim}/fork`,
  `/v1/workers/${victim}/move`,
  '/v1/blobs/missing',
  '/v1/moves',
];

const DEEP = 100_000;
const HOSTILE_JSON = [
  '{',
  'nul',
  '"\\ud800"',
  '\u00ef\u00bb\u00bf{}',
  '[]',
  'null',
  '{"args":{"length":1e9}}',
  '{"args":[{"i64":"99999999999999999999999"}]}',
  '{"args":[1e999]}',
  '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"x":1}}}',
  '{"name":"a","name":"b","bundle":"c"}',
  `{"bundle":"sha256:${'0'.repeat(64)}","name":"x"}`,
  '{"target":"file:///etc/passwd"}',
  '{"target":"http://127.0.0.1:1/"}',
  '{"target":"javascript:1","token":"\\u0000"}',
  '{"digests":["x"]}',
  `{"digests":[${'"sha256:0",'.repeat(1000)}1]}`,
  `{"id":"00000000-0000-4000-8000-000000000000","worker":"../../x"}`,
  '['.repeat(DEEP),
  `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`,
  `${'{"a":'.repeat(DEEP)}1${'}'.repeat(DEEP)}`,
  `{"args":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`,
  `{"name":"${'x'.repeat(200_000)}"}`,
  `[${'0,'.repeat(200_000)}0]`,
] as const;

const WRONG_TYPES = [
  '',
  'text/xml',
  'application/wasm',
  'application/json; charset=utf-16',
  'multipart/form-data; boundary=x',
  'application/JSON',
  ';',
  '\u00ff/\u00fe',
];
const RAW_PATHS = [
  { method: 'POST', path: '/v1/workers?name=abused', type: MEDIA.wasm },
  { method: 'POST', path: '/v1/bundles', type: 'application/x-tar' },
  { method: 'POST', path: '/v1/bundles', type: MEDIA.ociManifest },
  { method: 'POST', path: '/v1/blobs', type: MEDIA.blobStream },
  { method: 'PUT', path: `/v1/blobs/sha256:${'0'.repeat(64)}`, type: MEDIA.octets },
] as const;

/** Beginnings that readers of bytes go on from. */
const MAGICS = [
  '',
  '\0asm\x01\0\0\0',
  '\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f',
  '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}',
  'oci-layout'.padEnd(100, '\0'),
  '\x28\xb5\x2f\xfd',
] as const;

const JSON_LIMIT_BYTES = 1024 * 1024;
const PIECE = Buffer.alloc(64 * 1024, 0x20);

/** Sends a body in pieces for as long as the node takes it, up to that many bytes. */
async function pour(arena: Arena, head: string, sizeBytes: number, chunked: boolean): Promise<void> {
  const connection = await arena.open();
  connection.push(head);
  const frame = chunked ? [Buffer.from(`${PIECE.length.toString(16)}\r\n`), PIECE, Buffer.from('\r\n')] : [PIECE];
  for (let sent = 0; sent < sizeBytes && !connection.ended && connection.pendingBytes === 0; sent += PIECE.length) {
    await connection.send(Buffer.concat(frame), arena.slowMs);
  }
  if (chunked) connection.push('0\r\n\r\n');
  await arena.expect(connection, 'refusal');
}

export const BODY_ATTACKS = {
  'hostile JSON': (arena) => {
    const { choices } = arena;
    return ask(
      arena,
      requestWith(arena, 'POST', choices.pick(jsonPaths(arena)), JSON_TYPE, choices.pick(HOSTILE_JSON)),
      'due',
    );
  },
  'JSON that is no UTF-8': (arena) =>
    ask(
      arena,
      requestWith(arena, 'POST', arena.choices.pick(jsonPaths(arena)), JSON_TYPE, '{"name":"\xff\xfe\xc0\xaf"}'),
      'due',
    ),
  'another content type': (arena) => {
    const { choices } = arena;
    return ask(
      arena,
      requestWith(arena, 'POST', choices.pick(jsonPaths(arena)), choices.pick(WRONG_TYPES), '{}'),
      'due',
    );
  },
  'bytes that are none of what they say': (arena) => {
    const { choices } = arena;
    const { method, path, type } = choices.pick(RAW_PATHS);
    const body = choices.pick(MAGICS) + Buffer.from(choices.bytes(choices.below(5000))).toString('latin1');
    return ask(arena, requestWith(arena, method, path, type, body), 'due');
  },
  'more than the limit, announced': (arena) => {
    const { method, path, type } = arena.choices.pick(RAW_PATHS);
    const head = requestHead(arena, method, path, { 'Content-Type': type, 'Content-Length': 1e12 });
    return pour(arena, head, 2 * PIECE.length, false);
  },
  'more JSON than the limit': (arena) => {
    const head = requestHead(arena, 'POST', arena.choices.pick(jsonPaths(arena)), {
      'Content-Type': JSON_TYPE,
      'Transfer-Encoding': 'chunked',
    });
    return pour(arena, head, 4 * JSON_LIMIT_BYTES, true);
  },
  'more input than the limit': (arena) => {
    const headers = { 'Content-Type': MEDIA.octets, 'Transfer-Encoding': 'chunked' };
    const head = requestHead(arena, 'POST', `/v1/workers/${arena.victim}/stdin`, headers);
    return pour(arena, head, 4 * JSON_LIMIT_BYTES, true);
  },
  'a body shorter than announced': async (arena) => {
    const connection = await arena.open();
    const path = arena.choices.pick(jsonPaths(arena));
    await connection.send(
      `${requestHead(arena, 'POST', path, { 'Content-Type': JSON_TYPE, 'Content-Length': 5000 })}{"a":`,
    );
    if (arena.choices.oneIn(2)) connection.halfClose();
    else connection.reset();
    await arena.expect(connection, 'refusal');
  },
  'a body longer than announced': async (arena) => {
    const connection = await arena.open();
    await connection.send(
      `${requestHead(arena, 'POST', '/v1/moves', { 'Content-Type': JSON_TYPE, 'Content-Length': 2 })}{}}}GARBAGE\r\n\r\n`,
    );
    await arena.expect(connection, 'due');
    await arena.expect(connection, 'refusal');
  },
  'bad chunks': async (arena) => {
    const bad = [
      'zz\r\n{}\r\n',
      '-1\r\n',
      'fffffffffffffffff\r\n{}',
      '2;ext="\0"\r\n{}\r\n0\r\n\r\n',
      '2\r\n{}}}\r\n0\r\n\r\n',
      '2\n{}\n0\n\n',
      `2;${'x'.repeat(50_000)}\r\n{}\r\n`,
      '0\r\nTrailer: x\r\nBad Trailer\r\n\r\n',
    ];
    const head = requestHead(arena, 'POST', '/v1/moves', { 'Content-Type': JSON_TYPE, 'Transfer-Encoding': 'chunked' });
    await ask(arena, head + arena.choices.pick(bad), 'refusal');
  },
  'an upload that is broken off': async (arena) => {
    const connection = await arena.open();
    const { method, path, type } = arena.choices.pick(RAW_PATHS);
    connection.push(requestHead(arena, method, path, { 'Content-Type': type, 'Content-Length': 1_000_000 }));
    for (let pieces = 1 + arena.choices.below(8); pieces > 0; pieces--) await connection.send(PIECE, arena.slowMs);
    if (arena.choices.oneIn(2)) connection.reset();
    else connection.close();
  },
} as const satisfies Record<string, Attack>;
