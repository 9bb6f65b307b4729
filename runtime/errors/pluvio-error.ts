import { ERROR_CODES, type ErrorCode } from './error-table.ts';

/** Facts that belong to an error, for programs: numbers with units in their names, names, offsets. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null | readonly string[]>>;

/**
 * The one error class of Pluvio: callers match on `code`, people read `message`.
 *
 * A message says what could not be done to what, then the state found, then what it must be.
 * Faults of the guest (traps, limits) are outcomes of a call and never thrown as errors.
 */
export class PluvioError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PluvioError';
    this.code = code;
    this.details = details;
  }

  /** The HTTP status that the code table gives for this error. */
  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  /** Whether the same request may succeed later without being changed. */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }

  /** The plain form that survives `postMessage`, JSON and HTTP; `decodeError` is its inverse. */
  toJSON(): EncodedError {
    return { code: this.code, message: this.message, details: this.details };
  }
}

/** An error as plain data. */
export interface EncodedError {
  readonly code: string;
  readonly message: string;
  readonly details?: ErrorDetails;
}

/** Rebuilds an error from its plain form; a code that this version does not know becomes `INTERNAL`. */
export function decodeError(encoded: EncodedError): PluvioError {
  const known = Object.hasOwn(ERROR_CODES, encoded.code);
  const code = known ? (encoded.code as ErrorCode) : 'INTERNAL'; // own key of the table, checked above
  return new PluvioError(code, encoded.message, encoded.details ?? {});
}

/** Throws `INTERNAL` if a condition that this program guarantees does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new PluvioError('INTERNAL', `assertion failed: ${message}`);
}
