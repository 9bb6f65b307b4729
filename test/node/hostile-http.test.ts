/**
 * Hostile requests on every operation: each answer is what the operation's row promises, or a coded refusal.
 *
 * All of it derives from the route table, so an operation that is added is covered.
 */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MEDIA } from '../../runtime/node/media-types.ts';
import { type Route, ROUTES } from '../../runtime/node/route-table.ts';
import { checkValue, type Schema } from '../../runtime/node/schema-check.ts';
import { type RunningNode, startNode } from '../../runtime/node/start-node.ts';
import { PluvioClient } from '../../sdk/client/index.ts';
import { type Answer, faultOf } from '../abuse/answers.ts';
import { requestHead } from '../abuse/attack.ts';
import { placeOf, RawConnection } from '../abuse/raw-connection.ts';

const ABSENT_MOVE = '00000000-0000-4000-8000-000000000000';
const LIMITS = {
  waitMs: 20,
  jsonBytes: 64 * 1024,
  moduleBytes: 64 * 1024,
  callBytes: 64 * 1024,
  stdinBytes: 64 * 1024,
  peerMs: 100,
  doubtMs: 0,
};

interface HostileRequest {
  readonly what: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string;
}

let node: RunningNode;
let client: PluvioClient;
let module: Uint8Array<ArrayBuffer>;
let digest: string;

beforeAll(async () => {
  module = new Uint8Array(await readFile(new URL('../programs/exports/ledger.wasm', import.meta.url)));
  node = await startNode({ listen: '127.0.0.1:0', limits: LIMITS });
  client = new PluvioClient({ baseUrl: node.url });
});
afterAll(() => node.close());

/** Good values of the parameters in paths; a parameter that is not here has a text. */
const goodParameters = (): Readonly<Record<string, string>> => ({
  name: 'w',
  digest,
  id: ABSENT_MOVE,
  export: 'effects',
});

const HOSTILE_TEXTS = [
  '%',
  '%E0%A4%A',
  '%ff%fe',
  '%00',
  '..',
  '%2e%2e',
  '%2e%2e%2f%2e%2e',
  '%2F',
  '__proto__',
  'constructor',
  '%20',
  '%F0%9F%92%A7',
  'w;x=y',
  'w%0d%0aX-Injected:%20y',
  "'%20or%201=1--",
  'a'.repeat(3000),
  '-'.repeat(64),
  '{name}',
  '*',
];

const pathWith = (route: Route, parameters: Readonly<Record<string, string>>): string =>
  route.path.replace(/\{(\w+)\}/g, (_, name: string) => parameters[name] ?? 'x');

/** Hostile texts in each parameter of the path. */
function* pathRequests(route: Route): Generator<HostileRequest> {
  for (const [, name = ''] of route.path.matchAll(/\{(\w+)\}/g)) {
    for (const text of HOSTILE_TEXTS) {
      yield {
        what: `path.${name} = ${text.slice(0, 40)}`,
        path: pathWith(route, { ...goodParameters(), [name]: text }),
      };
    }
  }
  const [last] = [...route.path.matchAll(/\{(\w+)\}/g)].slice(-1);
  if (last) {
    const path = pathWith(route, { ...goodParameters(), [last[1] ?? '']: '\u00ff\u00fe' });
    yield { what: 'bytes in the path that are no ASCII', path };
  }
  for (const end of ['/', '//', '/.', '%20', '?', '?&&==', '?=', '#x']) {
    yield { what: `path ends with ${end}`, path: pathWith(route, goodParameters()) + end };
  }
}

const HOSTILE_QUERY_VALUES = [
  '',
  '-1',
  '1e309',
  'NaN',
  '0x10',
  '99999999999999999999',
  '%',
  '%ff',
  '%00',
  'true',
  '[]',
  '{}',
  'x'.repeat(5000),
];

/** Hostile values of each query parameter, and parameters that there are not. */
function* queryRequests(route: Route): Generator<HostileRequest> {
  const path = pathWith(route, goodParameters());
  for (const name of Object.keys(route.query?.properties ?? {})) {
    for (const value of HOSTILE_QUERY_VALUES) {
      yield { what: `query.${name} = ${value.slice(0, 40)}`, path: `${path}?${name}=${value}` };
    }
    yield { what: `query.${name} twice`, path: `${path}?${name}=1&${name}=2` };
  }
  for (const query of ['nothing=1', '__proto__=1', 'toString', '%ff=%', `${'p=1&'.repeat(1000)}`]) {
    yield { what: `query ${query.slice(0, 20)}`, path: `${path}?${query}` };
  }
}

const HOSTILE_JSON_VALUES = [
  'null',
  '[]',
  '{}',
  '""',
  '-1',
  '1e400',
  '1.5',
  'true',
  '"\\u0000"',
  '"\\ud800"',
  `"${'y'.repeat(5000)}"`,
  '[[[[[]]]]]',
  '{"__proto__":1}',
];
const DEEP = 20_000;
const HOSTILE_TEXT_BODIES = [
  '',
  '{',
  'nul',
  '\xff\xfe',
  '[]',
  'null',
  '"x"',
  '{"__proto__":{}}',
  '['.repeat(DEEP),
  `${'['.repeat(DEEP)}${']'.repeat(DEEP)}`,
  `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`,
  `"${'z'.repeat(LIMITS.jsonBytes)}"`,
];

function valueOf(schema: Schema): string {
  if (schema.enum) return JSON.stringify(schema.enum[0]);
  const first = schema.anyOf?.[0];
  if (first) return valueOf(first);
  const values = { object: '{}', array: '[]', string: '"w"', integer: '1', number: '1', boolean: 'true', null: 'null' };
  return values[schema.type ?? 'object'];
}

/** JSON with one hostile field each, and texts that are none. */
function* jsonRequests(route: Route, schema: Schema): Generator<HostileRequest> {
  const path = pathWith(route, goodParameters());
  const headers = { 'Content-Type': 'application/json' };
  for (const body of HOSTILE_TEXT_BODIES) yield { what: `JSON ${body.slice(0, 30)}`, path, headers, body };
  const names = Object.keys(schema.properties ?? {});
  for (const name of [...names, 'nothing']) {
    const others = names.filter((other) => other !== name && schema.required?.includes(other));
    for (const value of HOSTILE_JSON_VALUES) {
      const fields = [
        ...others.map((other) => `"${other}":${valueOf(schema.properties?.[other] ?? {})}`),
        `"${name}":${value}`,
      ];
      yield { what: `body.${name} = ${value.slice(0, 40)}`, path, headers, body: `{${fields.join(',')}}` };
    }
  }
}

const HOSTILE_BYTES = [
  '',
  'x',
  '\0asm',
  '\0asm\x01\0\0\0\x01\xff\xff\xff\xff\x0f',
  '\x28\xb5\x2f\xfd\x00',
  '{"schemaVersion":2}',
  '\0'.repeat(2048),
  '\xff'.repeat(9000),
  'w'.repeat(LIMITS.moduleBytes + 1),
];
const WRONG_TYPES = [
  undefined,
  'text/xml',
  'application/json; charset=utf-16',
  'multipart/form-data',
  ';',
  '\u00ff/\u00ff',
];

function* bodyRequests(route: Route): Generator<HostileRequest> {
  const path = pathWith(route, goodParameters());
  for (const type of WRONG_TYPES) {
    yield {
      what: `content type ${type}`,
      path,
      body: '{}',
      ...(type === undefined ? {} : { headers: { 'Content-Type': type } }),
    };
  }
  yield { what: 'no body', path };
  yield { what: 'a length and no body type', path, headers: { 'Content-Length': 0 } };
  for (const type of route.body?.raw ?? []) {
    for (const body of HOSTILE_BYTES) {
      const query = route.query?.required?.length === 0 && route.query.properties?.['name'] ? '?name=hostile' : '';
      yield { what: `${type} of ${body.length} bytes`, path: path + query, headers: { 'Content-Type': type }, body };
    }
  }
}

/** Headers that mean something to somebody. */
function* headerRequests(route: Route): Generator<HostileRequest> {
  const path = pathWith(route, goodParameters());
  const headers = {
    Accept: ['', '*/*;q=2', 'text/event-stream, nothing', '\u00ff'],
    Authorization: ['Bearer', 'Bearer x y', 'Basic AAAA', '\u00ff'.repeat(100)],
    Origin: ['null', 'https://evil.example', 'http://[', 'x'.repeat(5000)],
    Host: ['evil.example', 'localhost.evil.example', '127.0.0.1.nip.example'],
    'Last-Event-ID': ['-1', '9'.repeat(400), 'NaN'],
    Range: ['bytes=0-0', 'bytes=-1', 'lines=1'],
    'Content-Encoding': ['gzip', 'identity, nothing'],
    'X-Forwarded-Host': ['evil.example'],
    'Pluvio-Redirect': ['\u00ff'],
  };
  yield { what: 'a Host that makes no URL', path, headers: { Host: '[::1]:x' } };
  for (const [name, values] of Object.entries(headers)) {
    for (const value of values) yield { what: `${name}: ${value.slice(0, 30)}`, path, headers: { [name]: value } };
  }
}

function* hostileRequests(route: Route): Generator<HostileRequest> {
  yield* pathRequests(route);
  yield* queryRequests(route);
  yield* headerRequests(route);
  if (!route.body) return;
  yield* bodyRequests(route);
  if (route.body.json) yield* jsonRequests(route, route.body.json);
}

/** Makes what operations work on, as far as it is not there. */
async function prepare(): Promise<void> {
  const there = new Set((await client.workers.list()).map(({ name }) => name));
  for (const name of there) if (name !== 'w') await client.workers.delete(name);
  if (!there.has('w')) await client.workers.create({ name: 'w', module });
  ({ digest } = await client.workers.snapshot('w'));
}

async function answerTo(
  method: string,
  { path, headers, body }: HostileRequest,
  toStream = false,
): Promise<Answer | undefined> {
  const place = placeOf(node.url);
  const connection = await RawConnection.open(place);
  try {
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body, 'latin1') };
    const head = requestHead({ hostName: `${place.host}:${place.port}` }, method, path, { ...length, ...headers });
    await connection.send(head + (body ?? ''));
    return await connection.answer({ toHead: method === 'HEAD', toStream });
  } finally {
    connection.close();
  }
}

/** What is wrong with the answer of an operation; undefined: nothing. */
function faultOfAnswer(route: Route, answer: Answer | undefined): string | undefined {
  if (!answer) return 'no answer';
  const fault = faultOf(answer);
  if (fault !== undefined || answer.status >= 300) return fault;
  if (answer.status !== route.status) return `status ${answer.status} in place of ${route.status}`;
  const type = answer.headers.get('content-type') ?? '';
  if (route.media?.includes(type) === true) return undefined;
  if (!route.answer) return route.media ? `${answer.status} as ${type}` : undefined;
  try {
    checkValue(route.answer, JSON.parse(answer.body.toString()), 'answer');
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

describe.each(Object.entries(ROUTES) as [string, Route][])('%s', (_, route) => {
  it('answers hostile requests as it promises, or refuses them with a code', async () => {
    const faults: string[] = [];
    const streams = route.media?.includes(MEDIA.events) ?? false;
    let asked = 0;
    for (const request of hostileRequests(route)) {
      if (asked++ % 50 === 0 || route.method === 'DELETE') await prepare();
      const fault = faultOfAnswer(route, await answerTo(route.method, request, streams));
      if (fault !== undefined) faults.push(`${request.what}: ${fault}`);
    }
    expect(asked).toBeGreaterThan(30);
    expect(faults).toEqual([]);
  });
});

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE'];

it.each([...new Set(Object.values(ROUTES).map(({ path }) => path))])(
  '%s refuses other methods with a code',
  async (path) => {
    await prepare();
    const known = (Object.values(ROUTES) as Route[]).filter((route) => route.path === path);
    const faults: string[] = [];
    for (const method of METHODS.filter((one) => !known.some((route) => route.method === one))) {
      const answer = await answerTo(method, { what: method, path: pathWith(known[0]!, goodParameters()) });
      const fault = answer ? faultOf(answer, method === 'HEAD') : 'no answer';
      if (fault !== undefined) faults.push(`${method}: ${fault}`);
    }
    expect(faults).toEqual([]);
  },
);
