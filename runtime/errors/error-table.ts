/** What the code table says of one error code. */
export interface ErrorRow {
  /** One sentence for docs/errors.md: what happened and what to do. */
  readonly summary: string;
  /** HTTP status of a response that carries this code. */
  readonly status: number;
  /** Whether the same request may succeed later without being changed. */
  readonly retryable: boolean;
}

const row = (status: number, summary: string, retryable = false): ErrorRow => ({ summary, status, retryable });

/**
 * Every error code of Pluvio. Documentation (docs/errors.md), HTTP statuses and retry rules derive from it.
 * Codes are stable: they are added, never renamed. Sorted by layer.
 */
export const ERROR_CODES = {
  // all layers
  INTERNAL: row(500, 'A fault of Pluvio itself: please report it with the message.'),
  INVALID_ARGUMENT: row(400, 'An argument has the wrong type or is out of range; the message names it and what is expected.'),
  LIMIT_OUT_OF_RANGE: row(400, 'A limit lies outside the range that this host allows; the message gives the range.'),
  UNSUPPORTED: row(501, 'This host or engine cannot do what was asked; the message says what is missing.'),
  ABORTED: row(499, 'The caller aborted the operation.'),

  // wasm
  MODULE_MALFORMED: row(400, 'The bytes are not a WebAssembly module; the message gives the section and offset.'),
  MODULE_INVALID: row(400, 'The module does not validate; the message gives the function and offset.'),
  MODULE_LIMIT: row(400, 'The module exceeds a limit of the implementation; the message names it.'),

  // engine
  IMPORT_MISSING: row(400, 'The module imports something that was not provided; provide it or remove the import.'),
  IMPORT_MISMATCH: row(400, 'A provided import does not have the type that the module declares.'),
  EXPORT_NOT_FOUND: row(404, 'The module has no export of that name and kind.'),
  LINK_FAILED: row(400, 'The module could not be instantiated; the message gives the reason.'),
  WORKER_BUSY: row(409, 'The worker has a call in progress; wait for it, or stop and resume the worker.', true),
  WORKER_NOT_STOPPED: row(409, 'The operation needs a stopped, waiting or idle worker; stop it first.', true),
  WORKER_NOT_RESUMABLE: row(409, 'There is nothing to resume: the worker has no call in progress.'),
  WORKER_CLOSED: row(410, 'The worker was closed.'),
  NOT_MIGRATABLE: row(409, 'The worker holds state that cannot be captured; the message names it and where.'),
  SNAPSHOT_MALFORMED: row(400, 'The snapshot is damaged or not a snapshot; the message gives the field.'),
  SNAPSHOT_VERSION: row(400, 'The snapshot has a format version that this program does not read.'),
  SNAPSHOT_MISMATCH: row(400, 'The snapshot does not fit the module; the message gives the field, what was found and what must be.'),
  STACK_TOO_DEEP: row(400, 'The snapshot has a deeper stack than this engine or limit allows.'),
  HOST_FUNCTION_FAILED: row(500, 'A host function threw an error of its own while the guest called it.'),
} satisfies Record<string, ErrorRow>;

/** A stable error code. */
export type ErrorCode = keyof typeof ERROR_CODES;
