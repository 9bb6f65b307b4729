/**
 * How an input of a worker ended, and what a call asks for, as the journal keeps them.
 *
 * Boundary: MessagePack of plain data. Both are written and read by this node's own version or by one before it.
 */
import { pack, unpack } from 'msgpackr';
import type { PluvioError } from '../errors/index.ts';
import type { HttpHead, InputInfo, Reply } from '../host/index.ts';
import type { AnswerPiece } from './answer-stream.ts';
import type { IncomingBody } from './incoming-body.ts';
import type { JsonValue } from '../values/index.ts';
import type { JsonOutcome } from './api-types.ts';

/** The end of a call of an export. */
export interface CallEnd {
  readonly kind: 'call';
  readonly outcome: JsonOutcome;
  /** What the guest gave to the output of the host ABI. */
  readonly output: Uint8Array | null;
  readonly head: HttpHead | null;
}

/** The end of a message; null: nobody was answered. */
export interface MessageEnd {
  readonly kind: 'message';
  readonly reply: Reply | null;
}

export type InputEnd = CallEnd | MessageEnd;

export const encodeEnd = (end: InputEnd): Uint8Array => pack(end);
export const decodeEnd = (bytes: Uint8Array): InputEnd => unpack(bytes) as InputEnd; // written by encodeEnd

/** What an export is called with. */
export interface CallBody {
  readonly export: string;
  readonly args: readonly JsonValue[];
  /** Input of the host ABI. */
  readonly body: Uint8Array;
}

export const encodeCall = (call: CallBody): Uint8Array => pack(call);
export const decodeCall = (bytes: Uint8Array): CallBody => unpack(bytes) as CallBody; // written by encodeCall

export interface InputListener {
  ended(end: CallEnd): void;
  /** It was stopped, or a limit was reached; it may go on. */
  halted(outcome: JsonOutcome): void;
  /** It will not end here; `begun`: it was with the worker by then. */
  failed(error: PluvioError, begun: boolean): void;
  /** Some of its output, where it is to be streamed. */
  written?(piece: AnswerPiece): void;
}

/** An input on its way to a worker. */
export interface QueuedInput {
  /** 0: the journal does not have it. */
  readonly seq: number;
  /** What callers name it by: its number in the journal, or a name that nothing else has. */
  readonly ref: string;
  readonly info: InputInfo;
  /** What is called; undefined: the guest takes it from its mailbox. */
  readonly call: CallBody | undefined;
  readonly body: Uint8Array;
  /** Its outcome is known: it is done again for the sake of the state. */
  readonly replayed: boolean;
  /** Who is told of it here, beside the journal. */
  readonly listener?: InputListener;
  /** The body of a call that no journal has, where it is on its way. */
  readonly incoming?: IncomingBody;
}
