/** What the code table says of one error code. */
export interface ErrorRow {
  /** For docs/errors.md: what happened. What to do is in error-actions.ts. */
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
  INTERNAL: row(500, 'A fault of Pluvio itself.'),
  INVALID_ARGUMENT: row(
    400,
    'An argument has the wrong type or is out of range; the message names it and what is expected.',
  ),
  LIMIT_OUT_OF_RANGE: row(400, 'A limit lies outside the range that this host allows; the message gives the range.'),
  UNSUPPORTED: row(501, 'This host or engine cannot do what was asked; the message says what is missing.'),
  ABORTED: row(499, 'The caller aborted the operation.'),

  // wasm
  MODULE_MALFORMED: row(400, 'The bytes are not a WebAssembly module; the message gives the section and offset.'),
  MODULE_INVALID: row(400, 'The module does not validate; the message gives the function and offset.'),
  MODULE_LIMIT: row(400, 'The module exceeds a limit of the implementation; the message names it.'),

  // components
  COMPONENT_MALFORMED: row(400, 'The bytes are not a WebAssembly component; the message gives the offset.'),
  COMPONENT_UNSUPPORTED: row(
    400,
    'The component uses something that does not run here (docs/components.md says what does); the message names it.',
  ),

  // engine
  IMPORT_MISSING: row(400, 'The module imports something that was not provided.'),
  IMPORT_MISMATCH: row(400, 'A provided import does not have the type that the module declares.'),
  EXPORT_NOT_FOUND: row(404, 'The module has no export of that name and kind.'),
  LINK_FAILED: row(400, 'The module could not be instantiated; the message gives the reason.'),
  WORKER_BUSY: row(409, 'The worker has a call in progress.', true),
  WORKER_NOT_STOPPED: row(409, 'The operation needs a stopped, waiting or idle worker.', true),
  WORKER_NOT_RESUMABLE: row(409, 'There is nothing to resume: the worker has no call in progress.'),
  WORKER_CLOSED: row(410, 'The worker was closed.'),
  MEMORY_FULL: row(503, 'All workers together have the memory that they may have, or that the process can have.', true),
  NOT_MIGRATABLE: row(409, 'The worker holds state that cannot be captured; the message names it and where.'),
  SNAPSHOT_MALFORMED: row(400, 'The snapshot is damaged or not a snapshot; the message gives the field.'),
  SNAPSHOT_VERSION: row(400, 'The snapshot has a format version that this program does not read.'),
  SNAPSHOT_MISMATCH: row(
    400,
    'The snapshot does not fit the module; the message gives the field, what was found and what must be.',
  ),
  SNAPSHOT_PARENT: row(409, 'A delta snapshot needs the snapshot that it was taken on; there is none, or another one.'),
  STACK_TOO_DEEP: row(400, 'The snapshot has a deeper stack than this engine or limit allows.'),
  HOST_FUNCTION_FAILED: row(500, 'A host function threw an error of its own while the guest called it.'),

  // bundle
  BUNDLE_MALFORMED: row(400, 'The bundle is damaged or not a bundle; the message gives the part and the field.'),
  BUNDLE_VERSION: row(400, 'The bundle has a format version that this program does not read.'),
  BUNDLE_MANIFEST_INVALID: row(
    400,
    'The manifest of the worker does not fit its schema; the message gives the field and what it must be.',
  ),
  BUNDLE_DIGEST: row(400, 'A blob does not have the content that its digest stands for.'),
  BUNDLE_LIMIT: row(413, 'The bundle exceeds a limit of the receiver; the message names the limit.'),
  BUNDLE_PATH: row(400, 'A file of the bundle has a path that is not allowed, or one that another file has.'),
  BUNDLE_SIGNATURE: row(400, 'The signature of the bundle does not fit its manifest: one of the two was changed.'),
  BUNDLE_UNSIGNED: row(403, 'The bundle has no signature and the receiver asks for one.'),
  BUNDLE_UNTRUSTED: row(403, 'The bundle is signed with a key that the receiver does not trust.'),
  BLOB_NOT_FOUND: row(404, 'The store or source has no blob with that digest.'),
  BLOB_DAMAGED: row(500, 'A stored blob no longer has the content that its digest stands for.'),

  // registries
  REGISTRY_UNREACHABLE: row(
    502,
    'A registry could not be reached, broke off, took too long or is not able to answer now; the message gives the reason.',
    true,
  ),
  REGISTRY_DENIED: row(403, 'A registry refuses who asks.'),
  REGISTRY_NOT_FOUND: row(404, 'A registry has no such repository, tag, digest or upload.'),
  REGISTRY_FAILED: row(
    502,
    'A registry answered in a way that its specification does not allow, or refused what it was sent; the message says which.',
  ),
  REGISTRY_REFUSED: row(
    403,
    'A registry, or a host that it leads to, is not one that may be spoken to: not listed, not public, or without TLS.',
  ),
  REGISTRY_BUSY: row(503, 'The node pulls as many bundles at the same time as its limit allows.', true),
  CREDENTIALS_FAILED: row(
    400,
    'The credentials for a registry could not be read: their file is damaged, or their helper failed; the message says which.',
  ),

  // node
  ENGINE_LOST: row(
    503,
    'The engine thread or process that ran the worker has ended; the worker goes on from its last checkpoint.',
    true,
  ),
  ENGINES_TOO_MANY: row(503, 'All engines of the node work for other tenants.', true),
  REQUEST_INVALID: row(
    400,
    'The request does not fit the description of its operation; the message names the field and what it must be.',
  ),
  UNAUTHENTICATED: row(401, 'The request carries no token that this node knows.'),
  FORBIDDEN: row(
    403,
    'The token does not cover this operation, or the Host or Origin header is not one that this node accepts.',
  ),
  ROUTE_NOT_FOUND: row(404, 'The node has no operation of that path and method.'),
  ROUTE_TAKEN: row(409, 'Another worker of the node has a route of that host, path and method; the message names it.'),
  INGRESS_TIMEOUT: row(504, 'The worker did not answer an HTTP request in time; it may still work on it.'),
  INGRESS_LOOP: row(508, 'An HTTP request was passed on by as many nodes as the limit allows.'),
  HEAD_TOO_LARGE: row(431, 'Request line and header fields together are longer than the node reads.'),
  REQUEST_TIMEOUT: row(408, 'The request did not arrive in the time that the node waits for one.', true),
  EXPECTATION_FAILED: row(417, 'The request expects something of the node that it does not do.'),
  BODY_TOO_LARGE: row(413, 'The request body exceeds the limit of the operation; the message gives the limit.'),
  MEDIA_TYPE_UNSUPPORTED: row(
    415,
    'The operation does not accept that content type; the message lists those that it does.',
  ),
  WORKER_NOT_FOUND: row(404, 'The node has no worker of that name.'),
  WORKER_EXISTS: row(409, 'The node already has a worker of that name.'),
  WORKER_MOVED: row(308, 'The worker lives on another node; `details.location` is its address there.'),
  WORKER_MOVING: row(409, 'The worker is being moved.', true),
  WORKER_ENDED: row(409, 'The program of the worker has ended; there is nothing to stop, resume, move or call.'),
  WORKER_LOST: row(410, 'The node ended while the worker ran and no snapshot of it is known.'),
  TENANT_LIMIT: row(429, 'The tenant has on this node what it may have; the message names the limit.', true),
  WORKERS_TOO_MANY: row(503, 'The node holds as many workers as its limit allows.', true),
  NODE_FULL: row(503, 'As many workers are in memory as the limit allows, and none of them could leave in time.', true),
  STREAMS_TOO_MANY: row(503, 'The node serves as many log and event streams as its limit allows.', true),
  STREAM_STALLED: row(
    408,
    'The reader of a stream took nothing for as long as the limit allows, and the connection was ended.',
    true,
  ),
  CALL_FAILED: row(
    502,
    'The guest did not answer: it trapped, exited, reached a limit, was stopped, or replied with an error; the message says which.',
  ),
  INPUT_NOT_FOUND: row(
    404,
    'The worker has no input of that number or name (any more), or none that could still be given up.',
  ),
  STDIN_FULL: row(429, 'The standard input of the worker holds as many unread bytes as the limit allows.', true),
  NODE_CLOSING: row(503, 'The node is shutting down and accepts no more work.', true),
  NODE_DRAINING: row(503, 'The node is being drained and takes no new workers and inputs.', true),
  NODE_UNREACHABLE: row(502, 'Another node could not be reached or broke off; the message names it.', true),
  LISTEN_REFUSED: row(
    500,
    'The node does not listen: another program has the port, or an address other than loopback needs a token.',
  ),
  STORE_FAILED: row(500, 'The data directory could not be read or written; the message names the file.'),
  STORE_FULL: row(
    507,
    'There is no room for more data: the disk, a quota or the limit of the store is reached. Nothing of the request was kept.',
    true,
  ),
  STORE_BUSY: row(503, 'More requests wait for the store than its limits allow.', true),
  STORE_CLOSED: row(503, 'The store was closed or its thread has ended.', true),
  STORE_DAMAGED: row(500, 'The database is damaged; the message gives the file and what was found.'),
  STORE_VERSION: row(500, 'The data directory was written by a later version of Pluvio.'),
  WORKER_DAMAGED: row(500, 'Stored data of that worker is damaged; the message names it. Others are not affected.'),
  MAILBOX_FULL: row(429, 'The worker has as many unsettled inputs as the limit allows.', true),
  CHECKPOINT_NOT_FOUND: row(404, 'The worker has no checkpoint of that number (any more).'),
  VERSION_NOT_FOUND: row(404, 'The worker has had no other version (any more) to go back to.'),
  INPUTS_GONE: row(409, 'The journal no longer has all inputs that came after that checkpoint.'),
  WORKER_REPLACED: row(
    409,
    'The worker was set back to an earlier state or got another version while the request was under way.',
    true,
  ),
  JOURNAL_MALFORMED: row(400, 'The journal that came with a worker is damaged; the message gives the field.'),
  JOURNAL_VERSION: row(
    400,
    'The journal that came with a worker has a format version that this program does not read.',
  ),
  BACKUP_TARGET: row(409, 'The target of a backup or restore is not empty.'),
  BACKUP_FAILED: row(
    500,
    'The backup could not be written; the message gives the reason. What was written is incomplete.',
  ),
  BACKUP_DAMAGED: row(400, 'The backup is incomplete or damaged; the message names the file. Nothing was laid out.'),
  MOVE_FAILED: row(502, 'The move failed before it was committed; the worker goes on where it was.', true),
  MOVE_IN_DOUBT: row(
    504,
    'The target was told to start the worker and its answer is missing; the worker stays stopped until the target tells.',
  ),
  MOVE_NOT_FOUND: row(404, 'The node knows no move of that id, so it has not started and will not start that worker.'),
  MOVE_EXPIRED: row(
    410,
    'The move was not committed within its lease or was aborted; the target has discarded the worker.',
  ),

  // node: config, keys and rights
  CONFIG_INVALID: row(400, 'A config of a node does not fit its schema; the message names every field, with its line.'),
  KEY_INVALID: row(400, 'A key or key file is damaged or of another kind; the message says what it must be.'),
  KEY_UNKNOWN: row(400, 'What is encrypted names a key that is not among those given.'),
  TOKEN_INVALID: row(400, 'A capability token is damaged, or cannot be narrowed in that way; the message says why.'),
  SEAL_BROKEN: row(400, 'What is sealed or encrypted was altered, cut short, or is meant for another key.'),
  SEAL_REQUIRED: row(
    403,
    'One of the two nodes of a move moves sealed workers only; the message says what is missing.',
  ),
  AUDIT_BROKEN: row(500, 'The audit log was altered or damaged; the message gives file and line.'),
  NODE_UNTRUSTED: row(502, 'The other node showed a key that is not among those that are pinned or trusted.'),

  // projects
  PROJECT_INVALID: row(
    400,
    'A pluvio.json does not fit its schema; the message names every field, with its line (docs/project.schema.json).',
  ),
  BUILD_FAILED: row(400, 'The program of a project does not compile; the message has file, line and reason.'),
  COMPILER_MISSING: row(400, 'The compiler that a project needs is not installed; the message says which.'),
  LOCK_MISMATCH: row(409, 'A build gave other bytes than pluvio.lock says.'),

  // command line
  FILE_FAILED: row(400, 'A file or directory of the command line could not be read or written; the message names it.'),
} satisfies Record<string, ErrorRow>;

/** A stable error code. */
export type ErrorCode = keyof typeof ERROR_CODES;
