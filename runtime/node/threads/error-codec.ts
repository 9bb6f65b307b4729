/** Errors as plain data: structured clone keeps neither code nor details. */
import {
  decodeError as decodePluvioError,
  type EncodedError as PluvioErrorData,
  PluvioError,
} from '../../errors/index.ts';

export interface EncodedError extends PluvioErrorData {
  /** Where a fault of ours came from. */
  readonly stack: string | null;
}

export function encodeError(error: unknown): EncodedError {
  if (error instanceof PluvioError) {
    const { stack = null } = error;
    return { ...error.toJSON(), stack: error.code === 'INTERNAL' ? stack : null };
  }
  const stack = error instanceof Error ? (error.stack ?? null) : null;
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error), stack };
}

export function decodeError({ stack, ...encoded }: EncodedError): PluvioError {
  const error = decodePluvioError(encoded);
  if (stack !== null) error.stack = stack;
  return error;
}
