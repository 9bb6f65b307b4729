/** Resources of wasi:http: plain objects, of which a snapshot is made. */
import type { BytePieces } from '../../byte-pieces.ts';
import type { INPUT_STREAM, OUTPUT_STREAM } from '../resources.ts';
import type { HeaderList, HttpAnswer, HttpRequestHead, RequestNumber } from './http-port.ts';

const TYPES = 'wasi:http/types@0.2';
export const FIELDS = `${TYPES}/fields`;
export const INCOMING_REQUEST = `${TYPES}/incoming-request`;
export const INCOMING_RESPONSE = `${TYPES}/incoming-response`;
export const INCOMING_BODY = `${TYPES}/incoming-body`;
export const FUTURE_TRAILERS = `${TYPES}/future-trailers`;
export const OUTGOING_REQUEST = `${TYPES}/outgoing-request`;
export const OUTGOING_RESPONSE = `${TYPES}/outgoing-response`;
export const OUTGOING_BODY = `${TYPES}/outgoing-body`;
export const REQUEST_OPTIONS = `${TYPES}/request-options`;
export const RESPONSE_OUTPARAM = `${TYPES}/response-outparam`;
export const FUTURE_RESPONSE = `${TYPES}/future-incoming-response`;

/** Headers, or trailers. */
export interface Fields {
  readonly resource: typeof FIELDS;
  readonly kind: 'fields';
  entries: readonly (readonly [name: string, value: Uint8Array])[];
  readonly immutable: boolean;
}

export interface IncomingRequest extends HttpRequestHead {
  readonly resource: typeof INCOMING_REQUEST;
  readonly kind: 'incoming request';
  consumed: boolean;
}

export interface IncomingResponse {
  readonly resource: typeof INCOMING_RESPONSE;
  readonly kind: 'incoming response';
  readonly status: number;
  readonly headers: HeaderList;
  /** Empty as soon as it is consumed. */
  body: Uint8Array;
  consumed: boolean;
}

/** Bytes that are there, or the body of the request that is answered. */
export type BodySource = Uint8Array | 'request';

export interface IncomingBody {
  readonly resource: typeof INCOMING_BODY;
  readonly kind: 'incoming body';
  /** No bytes as soon as its stream has them. */
  source: BodySource;
  streamed: boolean;
}

export interface BodyInput {
  readonly resource: typeof INPUT_STREAM;
  readonly kind: 'body input';
  readonly source: BodySource;
  offset: number;
  /** It broke off, and has said so. */
  closed: boolean;
}

/** There are never any. */
export interface FutureTrailers {
  readonly resource: typeof FUTURE_TRAILERS;
  readonly kind: 'future trailers';
  taken: boolean;
}

export interface OutgoingBody {
  readonly resource: typeof OUTGOING_BODY;
  readonly kind: 'outgoing body';
  /** What was written, as long as it is not known where it goes. */
  readonly held: BytePieces;
  /** It is that of the answer, which has begun. */
  flows: boolean;
  streamed: boolean;
  finished: boolean;
}

export interface BodyOutput {
  readonly resource: typeof OUTPUT_STREAM;
  readonly kind: 'body output';
  permit: number;
  closed: boolean;
  readonly body: OutgoingBody;
}

interface WithBody {
  readonly headers: Fields['entries'];
  body: OutgoingBody | undefined;
}

export interface OutgoingRequest extends WithBody {
  readonly resource: typeof OUTGOING_REQUEST;
  readonly kind: 'outgoing request';
  method: string;
  path: string | undefined;
  scheme: string | undefined;
  authority: string | undefined;
}

export interface OutgoingResponse extends WithBody {
  readonly resource: typeof OUTGOING_RESPONSE;
  readonly kind: 'outgoing response';
  status: number;
}

export const TIMEOUTS = ['connect', 'firstByte', 'betweenBytes'] as const;
export type Timeout = (typeof TIMEOUTS)[number];

/** Durations in nanoseconds. */
export type RequestOptions = {
  readonly resource: typeof REQUEST_OPTIONS;
  readonly kind: 'request options';
} & Record<Timeout, bigint | undefined>;

export interface ResponseOutparam {
  readonly resource: typeof RESPONSE_OUTPARAM;
  readonly kind: 'response outparam';
}

/** A request that was sent, or is when its body is finished. */
export interface FutureResponse {
  readonly resource: typeof FUTURE_RESPONSE;
  readonly kind: 'future response';
  readonly request: HttpRequestHead;
  /** Undefined: it has none. */
  readonly body: OutgoingBody | undefined;
  readonly number: RequestNumber;
  readonly timeoutMs: number | null;
  /** It was sent by a host before this one. */
  readonly again: boolean;
  /** Breaks it off; undefined: this host has not sent it. */
  sent: AbortController | undefined;
  /** Room that is kept for an answer under way. */
  reservedBytes: number;
  /** Without what was taken of it. */
  answer: HttpAnswer | undefined;
  taken: boolean;
}

export type HttpResource =
  | Fields
  | IncomingRequest
  | IncomingResponse
  | IncomingBody
  | BodyInput
  | FutureTrailers
  | OutgoingBody
  | BodyOutput
  | OutgoingRequest
  | OutgoingResponse
  | RequestOptions
  | ResponseOutparam
  | FutureResponse;
