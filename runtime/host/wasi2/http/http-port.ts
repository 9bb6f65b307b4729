/**
 * What wasi:http is put on top of: the request that a worker answers, where its answer goes, and requests that it sends.
 *
 * Boundary: types only. Bytes that the host gives stay as they are; bytes that it is given are its own.
 */

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface HttpRequestHead {
  readonly method: string;
  /** Absolute. */
  readonly url: string;
  readonly headers: HeaderList;
}

export interface HttpResponseHead {
  readonly status: number;
  readonly headers: HeaderList;
}

/** A number that a request keeps wherever it is sent. */
export interface RequestNumber {
  readonly inputSeq: number;
  readonly ordinal: number;
}

export type HttpAnswer =
  | { readonly ok: true; readonly head: HttpResponseHead; readonly body: Uint8Array }
  /** `denied`: it may not be sent; `interrupted`: it may have been sent, and must not be once more; `too large`: the answer is. */
  | {
      readonly ok: false;
      readonly reason: 'denied' | 'interrupted' | 'too large' | 'timeout' | 'failed';
      readonly message: string;
    };

export interface HttpSending {
  readonly request: HttpRequestHead;
  readonly body: Uint8Array;
  readonly number: RequestNumber;
  /** It was asked for before, elsewhere: what must not be sent twice is not. */
  readonly again: boolean;
  readonly timeoutMs: number | null;
  /** Of the body of the answer: one that is longer is `too large`. */
  readonly answerMaxBytes: number;
  /** Aborts when nobody waits for the answer any more; it need not come then. */
  readonly signal: AbortSignal;
}

export interface HttpPort {
  /** The request that the call in progress answers; undefined: it answers none. */
  incoming(): HttpRequestHead | undefined;
  /** Its body as far as it has come. `broken`: no more will come of it. */
  body(): { readonly bytes: Uint8Array; readonly state: 'open' | 'whole' | 'broken' };
  /** Settles when more of it has come, or its state has changed. Never rejects. */
  bodyChanged(): Promise<void>;
  /** Begins the answer. */
  head(head: HttpResponseHead): void;
  /** Bytes that may be written at the most. */
  readonly room: number;
  write(bytes: Uint8Array): void;
  /** A number for a request that the guest sends now. */
  nextNumber(): RequestNumber;
  /** Bytes of the body of an answer, at the most. */
  readonly answerMaxBytes: number;
  /** Sends a request. Never rejects. */
  fetch(sending: HttpSending): Promise<HttpAnswer>;
}
