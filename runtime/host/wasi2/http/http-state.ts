/** Resources of wasi:http as plain data. */
import { isHeaderName, isHeaderValue } from '../../abi/http-data.ts';
import { BytePieces } from '../../byte-pieces.ts';
import type { StateField } from '../../state-field.ts';
import { INPUT_STREAM, OUTPUT_STREAM, type Wasi2Resource } from '../resources.ts';
import type { HeaderList, HttpAnswer, RequestNumber } from './http-port.ts';
import {
  type BodySource,
  FIELDS,
  type Fields,
  FUTURE_RESPONSE,
  FUTURE_TRAILERS,
  type HttpResource,
  INCOMING_BODY,
  INCOMING_REQUEST,
  INCOMING_RESPONSE,
  OUTGOING_BODY,
  OUTGOING_REQUEST,
  OUTGOING_RESPONSE,
  type OutgoingBody,
  REQUEST_OPTIONS,
  RESPONSE_OUTPARAM,
  TIMEOUTS,
} from './http-resources.ts';

export const HTTP_KINDS = [
  'fields',
  'incoming request',
  'incoming response',
  'incoming body',
  'body input',
  'future trailers',
  'outgoing body',
  'body output',
  'outgoing request',
  'outgoing response',
  'request options',
  'response outparam',
  'future response',
] as const satisfies readonly HttpResource['kind'][];

type Indices = ReadonlyMap<Wasi2Resource, number>;

const HTTP_KIND_SET: ReadonlySet<string> = new Set(HTTP_KINDS);
export const isHttp = (resource: Wasi2Resource): resource is HttpResource => HTTP_KIND_SET.has(resource.kind);

const PERMIT_MAX = 2 ** 16;
const STATUS_MAX = 999;
const REASONS = ['denied', 'interrupted', 'too large', 'timeout', 'failed'] as const;

const indexOf = (body: OutgoingBody | undefined, indices: Indices): number | null =>
  body === undefined ? null : (indices.get(body) ?? null);

export function encodeHttp(resource: HttpResource, indices: Indices): unknown {
  switch (resource.kind) {
    case 'outgoing body': {
      const { kind, held, flows, streamed, finished } = resource;
      return { kind, held: held.joined(), flows, streamed, finished };
    }
    case 'body input': {
      const { kind, source, offset, closed } = resource;
      return { kind, source, offset, ...(closed && { closed }) };
    }
    case 'body output': {
      const { kind, permit, closed, body } = resource;
      return { kind, permit, closed, body: indices.get(body) };
    }
    case 'outgoing request': {
      const { kind, method, path = null, scheme = null, authority = null, headers, body } = resource;
      return { kind, method, path, scheme, authority, headers, body: indexOf(body, indices) };
    }
    case 'outgoing response': {
      const { kind, status, headers, body } = resource;
      return { kind, status, headers, body: indexOf(body, indices) };
    }
    case 'request options':
      return { kind: resource.kind, ...Object.fromEntries(TIMEOUTS.map((name) => [name, resource[name] ?? null])) };
    case 'future response': {
      const { kind, request, body, number, timeoutMs, again, sent, answer = null, taken } = resource;
      return {
        kind,
        request,
        body: indexOf(body, indices),
        number,
        timeoutMs,
        again: again || sent !== undefined,
        answer,
        taken,
      };
    }
    default: {
      const { resource: _resource, ...fields } = resource;
      return fields;
    }
  }
}

/** Reads a resource; those before it are there. */
export function readHttp(
  kind: HttpResource['kind'],
  field: StateField,
  before: readonly Wasi2Resource[],
): HttpResource {
  switch (kind) {
    case 'fields':
      return {
        resource: FIELDS,
        kind,
        entries: readEntries(field.get('entries')),
        immutable: flag(field, 'immutable'),
      };
    case 'incoming request':
      return { resource: INCOMING_REQUEST, kind, ...readRequest(field), consumed: flag(field, 'consumed') };
    case 'incoming response': {
      const body = field.get('body').ownBytes();
      return { resource: INCOMING_RESPONSE, kind, ...readHead(field), body, consumed: flag(field, 'consumed') };
    }
    case 'incoming body':
      return { resource: INCOMING_BODY, kind, source: readSource(field), streamed: flag(field, 'streamed') };
    case 'body input':
      return { resource: INPUT_STREAM, kind, source: readSource(field), ...readPlace(field) };
    case 'future trailers':
      return { resource: FUTURE_TRAILERS, kind, taken: flag(field, 'taken') };
    case 'outgoing body': {
      const held = BytePieces.of(field.get('held').ownBytes());
      const [flows, streamed, finished] = [flag(field, 'flows'), flag(field, 'streamed'), flag(field, 'finished')];
      return { resource: OUTGOING_BODY, kind, held, flows, streamed, finished };
    }
    case 'body output': {
      const permit = field.get('permit').integer(0, PERMIT_MAX);
      const body = bodyAt(field.get('body'), before) ?? field.get('body').malformed('the index of a body before it');
      return { resource: OUTPUT_STREAM, kind, permit, closed: flag(field, 'closed'), body };
    }
    case 'outgoing request': {
      const [path, scheme, authority] = [
        optional(field, 'path'),
        optional(field, 'scheme'),
        optional(field, 'authority'),
      ];
      const method = field.get('method').text();
      const [headers, body] = [readEntries(field.get('headers')), bodyAt(field.get('body'), before)];
      return { resource: OUTGOING_REQUEST, kind, method, path, scheme, authority, headers, body };
    }
    case 'outgoing response': {
      const [headers, body] = [readEntries(field.get('headers')), bodyAt(field.get('body'), before)];
      return { resource: OUTGOING_RESPONSE, kind, status: field.get('status').integer(0, STATUS_MAX), headers, body };
    }
    case 'request options': {
      const time = (name: string): bigint | undefined =>
        field.get(name).isNull ? undefined : field.get(name).unsigned64();
      const [connect, firstByte, betweenBytes] = TIMEOUTS.map(time);
      return { resource: REQUEST_OPTIONS, kind, connect, firstByte, betweenBytes };
    }
    case 'response outparam':
      return { resource: RESPONSE_OUTPARAM, kind };
    case 'future response':
      return {
        resource: FUTURE_RESPONSE,
        kind,
        request: readRequest(field.get('request')),
        body: bodyAt(field.get('body'), before),
        number: readNumber(field.get('number')),
        timeoutMs: field.get('timeoutMs').isNull ? null : field.get('timeoutMs').integer(0),
        again: flag(field, 'again'),
        sent: undefined,
        reservedBytes: 0,
        answer: field.get('answer').isNull ? undefined : readAnswer(field.get('answer')),
        taken: flag(field, 'taken'),
      };
  }
}

const flag = (field: StateField, name: string): boolean => field.get(name).boolean();
const optional = (field: StateField, name: string): string | undefined =>
  field.get(name).isNull ? undefined : field.get(name).text();

function bodyAt(field: StateField, before: readonly Wasi2Resource[]): OutgoingBody | undefined {
  if (field.isNull) return undefined;
  const body = before[field.integer(0, Math.max(0, before.length - 1))];
  return body?.kind === 'outgoing body' ? body : field.malformed('the index of a body before it');
}

function readSource(field: StateField): BodySource {
  const source = field.get('source');
  return source.isText ? source.oneOf(['request']) : source.ownBytes();
}

const readPlace = (field: StateField): { offset: number; closed: boolean } => ({
  offset: field.get('offset').integer(0),
  closed: !field.get('closed').isNull && flag(field, 'closed'),
});

const readEntries = (field: StateField): Fields['entries'] =>
  field.array().map((each) => {
    const [name, value] = each.tuple(2);
    return [isHeaderName(name.text()) ? name.text() : name.malformed('the name of a header'), value.ownBytes()];
  });

const readHeaders = (field: StateField): HeaderList =>
  field.array().map((each) => {
    const [name, value] = each.tuple(2);
    if (!isHeaderName(name.text())) name.malformed('the name of a header');
    return [name.text(), isHeaderValue(value.text()) ? value.text() : value.malformed('the value of a header')];
  });

const readHead = (field: StateField): { status: number; headers: HeaderList } => ({
  status: field.get('status').integer(0, STATUS_MAX),
  headers: readHeaders(field.get('headers')),
});

function readRequest(field: StateField): { method: string; url: string; headers: HeaderList } {
  const url = field.get('url');
  if (!URL.canParse(url.text())) url.malformed('a URL');
  return { method: field.get('method').text(), url: url.text(), headers: readHeaders(field.get('headers')) };
}

const readNumber = (field: StateField): RequestNumber => ({
  inputSeq: field.get('inputSeq').integer(0),
  ordinal: field.get('ordinal').integer(0),
});

function readAnswer(field: StateField): HttpAnswer {
  if (flag(field, 'ok')) return { ok: true, head: readHead(field.get('head')), body: field.get('body').ownBytes() };
  return { ok: false, reason: field.get('reason').oneOf(REASONS), message: field.get('message').text() };
}
