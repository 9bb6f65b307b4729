/** Requests that are no HTTP, or HTTP at its limits. */
import { ask, type Arena, type Attack, JSON_TYPE, requestHead, requestWith } from './attack.ts';

const BAD_LINES = [
  'GET',
  'GET /',
  'GET / HTTP/9.9',
  'GET / http/1.1',
  'GET  /healthz HTTP/1.1 extra',
  'G\0T / HTTP/1.1',
  'get /healthz HTTP/1.1',
  'GET /h\u00e9althz HTTP/1.1',
  'FROBNICATE /healthz HTTP/1.1',
  'PRI * HTTP/2.0',
  ' GET / HTTP/1.1',
  'CONNECT',
];

const BAD_FIELDS = [
  'X Y: z',
  'no colon',
  ': no name',
  'X-Nul: a\0b',
  ' folded: first',
  'X: a\r\n folded',
  'X-Bare: a\rb',
  'Content-Length: 5\r\nContent-Length: 6',
  'Content-Length: -1',
  'Content-Length: 1e3',
  'Content-Length: 0x10',
  'Content-Length: +5',
  'Content-Length: 99999999999999999999999',
  'Transfer-Encoding: chunked\r\nContent-Length: 5',
  'Transfer-Encoding: gzip',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: \tchunked ',
];

const BAD_PATHS = [
  '/v1/workers/%',
  '/v1/workers/%E0%A4%A',
  '/v1/workers/%ff%fe',
  '/v1/workers/%00',
  '/v1/workers/%2e%2e%2f%2e%2e%2fetc%2fpasswd',
  '/v1/workers/../../node',
  '/v1//workers///',
  '/v1/workers/a/call/%C0%AF',
  '/v1/workers/a/call/' + '%41'.repeat(2000),
  '/v1/workers/__proto__',
  '/v1/workers/constructor/call/constructor',
  '/v1/bundles/sha256:%',
  '/v1/moves/%u0041',
  '/?' + 'a=b&'.repeat(1000),
  '/v1/workers?name=%&start=%E0',
  '/v1/events?after=1e309',
  '/v1/events?after=-1',
  '/v1/events?after=1&after=2',
  '/v1/workers/a/outcome?waitMs=99999999999999999999',
  '/v1/workers/a/logs?__proto__=1',
  '*',
  'http://[::1',
  'http://127.0.0.1:1/healthz',
  '//evil.example/healthz',
  '\\\\evil\\healthz',
];

const BAD_HOSTS = ['evil.example', '', '127.0.0.1@evil.example', '[::1', 'localhost:99999999', 'a'.repeat(4000)];

const pickText = ({ choices }: Arena, length: number): string => Buffer.from(choices.bytes(length)).toString('latin1');

export const SYNTAX_ATTACKS = {
  'random bytes': (arena) => ask(arena, pickText(arena, 1 + arena.choices.below(2000)) + '\r\n\r\n', 'refusal'),
  'a TLS hello': (arena) =>
    ask(arena, Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...arena.choices.bytes(200)]), 'refusal'),
  'a bad request line': (arena) =>
    ask(arena, `${arena.choices.pick(BAD_LINES)}\r\nHost: ${arena.hostName}\r\n\r\n`, 'any'),
  'a bad header field': (arena) =>
    ask(
      arena,
      `POST /v1/workers HTTP/1.1\r\nHost: ${arena.hostName}\r\n${arena.choices.pick(BAD_FIELDS)}\r\n\r\nhello`,
      'refusal',
    ),
  'a bad path': (arena) =>
    ask(arena, requestHead(arena, 'GET', arena.choices.pick(BAD_PATHS), { Connection: 'close' }), 'any'),
  'a bad host': (arena) =>
    ask(arena, requestHead(arena, 'GET', '/v1/node', { Host: arena.choices.pick(BAD_HOSTS) }), 'refusal'),
  'no host': (arena) => ask(arena, 'GET /v1/node HTTP/1.1\r\n\r\n', 'refusal'),
  'HTTP/1.0 without a host': (arena) => ask(arena, 'GET /v1/node HTTP/1.0\r\n\r\n', 'refusal'),
  'a huge header': (arena) =>
    ask(
      arena,
      requestHead(arena, 'GET', '/healthz', { 'X-Huge': 'x'.repeat(arena.choices.pick([8000, 17_000, 200_000])) }),
      'any',
    ),
  'many headers': (arena) => {
    const many = Array.from({ length: 3000 }, (_, at) => [`X-${at}`, 'y'] as const);
    return ask(arena, requestHead(arena, 'GET', '/healthz', Object.fromEntries(many)), 'any');
  },
  'a huge path': (arena) =>
    ask(arena, requestHead(arena, 'GET', `/${'p'.repeat(arena.choices.pick([4000, 15_000, 100_000]))}`), 'refusal'),
  'a strange method': async (arena) => {
    const method = arena.choices.pick(['TRACE', 'OPTIONS', 'PATCH', 'PUT', 'DELETE', 'PROPFIND', 'HEAD', 'QUERY']);
    const path = arena.choices.pick(['/healthz', '/v1/node', '/v1/workers', '/openapi.json', '/v1/events', '/nowhere']);
    await ask(arena, requestHead(arena, method, path), 'due', method === 'HEAD');
  },
  'an upgrade': (arena) => {
    const kinds = ['websocket', 'h2c', 'nonsense'];
    const headers = {
      Connection: 'Upgrade',
      Upgrade: arena.choices.pick(kinds),
      'Sec-WebSocket-Key': 'x',
      'Sec-WebSocket-Version': '13',
    };
    return ask(arena, requestHead(arena, 'GET', '/v1/node', headers), 'any');
  },
  'a tunnel': (arena) => ask(arena, requestHead(arena, 'CONNECT', 'evil.example:443'), 'refusal'),
  'an expectation': (arena) => {
    const headers = {
      Expect: arena.choices.pick(['100-continue', '200-maybe', '100-continue, x']),
      'Content-Type': JSON_TYPE,
      'Content-Length': 2,
    };
    return ask(arena, `${requestHead(arena, 'POST', '/v1/workers', headers)}{}`, 'refusal');
  },
  'junk in every known header': (arena) => {
    const junk = pickText(arena, 60).replace(/[^\x21-\x7e]/g, '~');
    const headers = {
      Authorization: junk,
      Cookie: junk,
      Accept: junk,
      'Accept-Encoding': junk,
      Origin: junk,
      Range: junk,
    };
    return ask(arena, requestHead(arena, 'GET', '/v1/node', { ...headers, 'Last-Event-ID': junk, Via: junk }), 'any');
  },
  'a smuggled request': async (arena) => {
    const inner = requestHead(arena, 'DELETE', `/v1/workers/${arena.victim}`);
    const body = `0\r\n\r\n${inner}`;
    const headers = {
      'Content-Type': JSON_TYPE,
      'Content-Length': body.length,
      'Transfer-Encoding': arena.choices.pick(['xchunked', 'chunked', ' chunked', 'identity']),
    };
    await ask(arena, requestHead(arena, 'POST', '/v1/blobs/missing', headers) + body, 'refusal');
  },
  'a compressed body': (arena) => {
    const body = pickText(arena, 300);
    const headers = { 'Content-Type': JSON_TYPE, 'Content-Encoding': 'gzip', 'Content-Length': body.length };
    return ask(arena, requestHead(arena, 'POST', '/v1/workers', headers) + body, 'refusal');
  },
  'a body where none belongs': (arena) =>
    ask(arena, requestWith(arena, 'GET', '/v1/node', JSON_TYPE, 'x'.repeat(5000)), 'due'),
} as const satisfies Record<string, Attack>;
