export { ERROR_CODES, type ErrorCode, type ErrorRow } from './error-table.ts';
export { callFailed, type CallOutcome } from './call-failed.ts';
export { assert, decodeError, type EncodedError, type ErrorDetails, PluvioError } from './pluvio-error.ts';
