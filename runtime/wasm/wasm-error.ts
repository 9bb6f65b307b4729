/** Errors of the binary format and of validation: where in the module, what was found, what must be. */
import { type ErrorCode, PluvioError } from '../errors/index.ts';

/** A byte offset as messages show it. */
export const hex = (offset: number): string => `0x${offset.toString(16)}`;

/** `MODULE_MALFORMED` at an absolute byte offset. */
export function malformed(offset: number, message: string): PluvioError {
  return new PluvioError('MODULE_MALFORMED', `${message} at ${hex(offset)}`, { offset });
}

/** `MODULE_INVALID` at an absolute byte offset. */
export function invalid(offset: number, message: string): PluvioError {
  return new PluvioError('MODULE_INVALID', `${message} at ${hex(offset)}`, { offset });
}

/** `MODULE_LIMIT`: a count exceeds a limit of the implementation. */
export function overLimit(limit: string, found: number, max: number): PluvioError {
  return new PluvioError('MODULE_LIMIT', `${limit}: found ${found}, at most ${max} are accepted`, {
    limit,
    found,
    max,
  });
}

const MODULE_CODES = new Set<ErrorCode>(['MODULE_MALFORMED', 'MODULE_INVALID', 'MODULE_LIMIT']);

/** Puts one more step of the path in front of an error's message; errors of other layers pass unchanged. */
export function withPath(error: unknown, step: string): unknown {
  if (!(error instanceof PluvioError) || !MODULE_CODES.has(error.code)) return error;
  return new PluvioError(error.code, `${step}: ${error.message}`, error.details);
}

/** Runs `read`; an error that leaves it gains the step. */
export function inPath<T>(step: () => string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw withPath(error, step());
  }
}
