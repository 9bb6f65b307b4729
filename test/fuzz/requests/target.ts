/** Requests to a node in this process: every operation, with parameters, queries, headers and bodies of any kind. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ERROR_CODES, PluvioError, type ErrorCode } from '../../../runtime/errors/index.ts';
import { type RunningNode, startNode } from '../../../runtime/node/index.ts';
import { type Route, ROUTES } from '../../../runtime/node/route-table.ts';
import type { Schema } from '../../../runtime/node/schema-check.ts';
import { hostileModule } from '../modules/target.ts';
import { BaseModules } from '../modules/bases.ts';
import { changeBytes } from '../change-bytes.ts';
import { changeTree, jsonOf } from '../change-tree.ts';
import type { Choices } from '../choices.ts';
import { type Input, mustHold, type Target, Violation } from '../target.ts';

/** Nothing an honest client waits for takes so long; streams are left then. */
const ANSWER_MS = 100;
const CASES_PER_NODE = 300;
const NAMES = ['w1', 'w2', 'w-3'] as const;
const DIGESTS = ['0', 'a', 'f'].map((digit) => `sha256:${digit.repeat(64)}`);
const IDS = ['1', '2'].map((digit) => `${digit.repeat(8)}-1111-1111-1111-${digit.repeat(12)}`);
/** Codes of the 500s that a node may give for what others do or lack. */
const ALLOWED_FAULTS = new Set<string>([
  'UNSUPPORTED',
  'NODE_UNREACHABLE',
  'MOVE_FAILED',
  'WORKERS_TOO_MANY',
  'STREAMS_TOO_MANY',
  'MOVE_IN_DOUBT',
  'NODE_DRAINING', // another request has asked for that
  'STORE_BUSY', // a backup whose asker hung up is not over at once
]);

const PATH_VALUES: Readonly<Record<string, readonly string[]>> = {
  name: NAMES,
  digest: DIGESTS,
  id: IDS,
  export: ['run', '_start', 'missing', '__proto__'],
};
const HOSTILE_SEGMENTS = [
  '..',
  '%2e%2e',
  '%2fetc%2fpasswd',
  '%00',
  '%',
  '%zz',
  '',
  '__proto__',
  'x'.repeat(5000),
  '%ff',
  'a%20b',
] as const;

/** A value that fits a schema, roughly: patterns of names, digests and ids are known. */
function valueFor(schema: Schema, choices: Choices): unknown {
  const { anyOf, enum: allowed, pattern = '' } = schema as { anyOf?: Schema[]; enum?: unknown[]; pattern?: string };
  if (anyOf !== undefined) return valueFor(choices.pick(anyOf), choices);
  if (allowed !== undefined) return choices.pick(allowed);
  switch (schema.type) {
    case 'object': {
      const fields = Object.entries(schema.properties ?? {});
      return Object.fromEntries(
        fields.filter(() => !choices.oneIn(6)).map(([name, field]) => [name, valueFor(field, choices)]),
      );
    }
    case 'array':
      return Array.from({ length: choices.below(3) }, () => valueFor(schema.items ?? {}, choices));
    case 'string':
      if (pattern.includes('sha256')) return choices.pick(DIGESTS);
      if (pattern.includes('{8}')) return choices.pick(IDS);
      return choices.pick([...NAMES, 'http://127.0.0.1:1', 'x=y', '12']);
    case 'integer':
    case 'number':
      return choices.oneIn(4) ? choices.edge() : choices.below(5);
    case 'boolean':
      return choices.oneIn(2);
    default:
      return null;
  }
}

function pathOf(route: Route, choices: Choices): string {
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    choices.oneIn(8) ? choices.pick(HOSTILE_SEGMENTS) : choices.pick(PATH_VALUES[name] ?? ['x']),
  );
  if (route.query === undefined) return path;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(valueFor(route.query, choices) as Record<string, unknown>)) {
    for (const item of [value].flat())
      query.append(name, typeof item === 'string' ? item.slice(0, 3000).toWellFormed() : String(item));
  }
  if (choices.oneIn(8))
    query.append(choices.pick(['x', 'name', '__proto__', 'waitMs']), choices.pick(HOSTILE_SEGMENTS));
  return `${path}?${query}`;
}

function bodyFor(route: Route, choices: Choices, bases: BaseModules): { type: string; bytes: Uint8Array } | undefined {
  const { body } = route;
  if (body === undefined) return choices.oneIn(20) ? { type: 'application/json', bytes: choices.bytes(20) } : undefined;
  const raw = choices.pick([...(body.raw ?? []), ...(body.json === undefined ? [] : ['application/json'])]);
  if (raw !== 'application/json' || body.json === undefined) {
    const bytes =
      raw === 'application/wasm' ? hostileModule(bases, choices).bytes : choices.bytes(choices.pick([0, 3, 600]));
    return { type: raw, bytes };
  }
  const root = { json: valueFor(body.json, choices) };
  if (!choices.oneIn(3)) changeTree(root, choices, { binary: false });
  return { type: raw, bytes: new TextEncoder().encode(jsonOf(root.json) ?? '{') };
}

/** A request as bytes. */
function request(choices: Choices, bases: BaseModules): Uint8Array {
  const route: Route = choices.pick(Object.values(ROUTES));
  const method = choices.oneIn(12)
    ? choices.pick(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'])
    : route.method;
  const body = bodyFor(route, choices, bases);
  const head = [
    `${method} ${pathOf(route, choices)} HTTP/1.1`,
    `host: ${choices.oneIn(30) ? 'example.org' : '127.0.0.1'}`,
    'connection: close',
    ...(body === undefined
      ? []
      : [`content-type: ${choices.oneIn(12) ? 'text/x' : body.type}`, `content-length: ${body.bytes.length}`]),
    ...(choices.oneIn(20)
      ? [
          choices.pick([
            'origin: http://example.org',
            'accept: text/plain',
            'last-event-id: -1',
            'authorization: Bearer x',
          ]),
        ]
      : []),
  ];
  let bytes: Uint8Array = Buffer.concat([
    Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'),
    body?.bytes ?? new Uint8Array(),
  ]);
  if (choices.oneIn(10)) choices.changes(2, (own) => (bytes = changeBytes(bytes, own)));
  return new Uint8Array(bytes);
}

/** What came back in time; a stream is left, a request that never ends is hung up on. */
function exchange(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    const timer = setTimeout(() => socket.destroy(), ANSWER_MS);
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.on('error', () => undefined); // the other side may hang up at any time
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('latin1'));
    });
  });
}

function judge(answer: string): string {
  if (answer === '') return 'no answer in time';
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  mustHold(status >= 200, () => `an answer that is none: ${head.slice(0, 200)}`);
  if (status < 400) return String(status);
  const code = /"code":"([A-Z_]+)"/.exec(body)?.[1];
  if (body === '' && head.toLowerCase().includes('application/problem+json')) return `${status} to HEAD`;
  if (code === undefined || !head.toLowerCase().includes('application/problem+json'))
    throw new Violation(`status ${status} without a code: ${answer.slice(0, 400)}`);
  mustHold(Object.hasOwn(ERROR_CODES, code), () => `the code ${code} is in no table`);
  mustHold(status < 500 || ALLOWED_FAULTS.has(code), () => `the node failed with ${code}: ${body.slice(0, 400)}`);
  throw new PluvioError(code as ErrorCode, `the node refused with ${code}`); // a code of the table, as checked
}

class OpenNode {
  readonly node: RunningNode;
  readonly folder: string;
  /** Faults of the node's own that it logged. */
  readonly faults: string[];
  served = 0;

  private constructor(node: RunningNode, folder: string, faults: string[]) {
    this.node = node;
    this.folder = folder;
    this.faults = faults;
  }

  static async open(): Promise<OpenNode> {
    const folder = await mkdtemp(join(tmpdir(), 'node-'));
    const faults: string[] = [];
    const node = await startNode({
      listen: '127.0.0.1:0',
      // In memory: under Node's permission model nothing can be synced to a disk.
      limits: {
        workers: 10,
        waitMs: 20,
        peerMs: 100,
        transferMs: 1000,
        leaseMs: 100,
        doubtMs: 0,
        closeMs: 1000,
        streams: 10,
      },
      logger: {
        log: (level, message, fields) =>
          void (level === 'error' && faults.push(`${message} ${JSON.stringify(fields)}`)),
      },
    });
    return new OpenNode(node, folder, faults);
  }

  get port(): number {
    return Number(new URL(this.node.url).port);
  }

  async close(): Promise<void> {
    await this.node.close();
    const found = await readdir(this.folder);
    await rm(this.folder, { recursive: true, force: true });
    mustHold(found.length === 0, () => `the node wrote files: ${found.join(', ')}`);
  }
}

export async function openHttpTarget(): Promise<Target> {
  const bases = await BaseModules.load();
  let open: OpenNode | undefined;
  return {
    make: (choices): Input => ({ base: 'node', salt: 0, bytes: request(choices, bases) }),
    async check({ bytes }) {
      if (open !== undefined && open.served >= CASES_PER_NODE) {
        await open.close();
        open = undefined;
      }
      open ??= await OpenNode.open();
      open.served++;
      const answer = await exchange(open.port, bytes);
      const [fault] = open.faults.splice(0).filter((text) => text.includes('INTERNAL'));
      if (fault !== undefined) throw new Violation(`the node logged a fault of its own: ${fault}`);
      return judge(answer);
    },
    async close() {
      await open?.close();
    },
  };
}
