/** What a host call gives when it could not be done: negative numbers, in this table and nowhere else. */

interface ErrorCodeRow {
  /** The call's result. */
  readonly code: number;
  readonly summary: string;
}

const row = (code: number, summary: string): ErrorCodeRow => ({ code, summary });

/** Codes are stable: they are added, never renamed or numbered anew. */
export const ABI_ERRORS = {
  INVALID: row(
    -1,
    'An argument has a value that the call does not take, is not UTF-8 or not the JSON that it must be.',
  ),
  FAULT: row(-2, 'A pointer and length lie outside the memory; nothing was read or written.'),
  DENIED: row(-3, 'The worker does not have the capability, or its scopes do not cover what was asked for.'),
  NOT_FOUND: row(-4, 'There is nothing of that name, or nothing to read.'),
  QUOTA: row(-5, 'A limit on how much the worker may keep or have under way is reached.'),
  TOO_LARGE: row(-6, 'An argument or an answer is longer than its limit.'),
  TIMEOUT: row(-7, 'The time that the call was given is over.'),
  CANCELLED: row(-8, 'The input that the guest works on was cancelled: nobody waits for it any more.'),
  STATE: row(
    -9,
    'The call does not fit the moment: a second reply, a transaction inside another, none that could be ended.',
  ),
  FAILED: row(-10, 'Who was asked has failed or replied with an error; its message is in the result register.'),
  INTERRUPTED: row(
    -11,
    'The request was under way when the worker was restored and may have been done; it is not repeated.',
  ),
  UNAVAILABLE: row(-12, 'Who was asked could not be reached; the same call may succeed later.'),
} as const satisfies Record<string, ErrorCodeRow>;

export type AbiErrorName = keyof typeof ABI_ERRORS;

/** Thrown inside a host call: the call gives the code. */
export class AbiFault {
  readonly name: AbiErrorName;

  constructor(name: AbiErrorName) {
    this.name = name;
  }
}

export function fail(name: AbiErrorName): never {
  throw new AbiFault(name);
}

export const codeOf = (name: AbiErrorName): number => ABI_ERRORS[name].code;
