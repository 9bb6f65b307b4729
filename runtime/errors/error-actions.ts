/** What whoever meets an error can do: a line of docs/errors.md for every code. Sorted as the table of codes. */
import type { ErrorCode } from './error-table.ts';

export const ERROR_ACTIONS = {
  // all layers
  INTERNAL: 'Look into the log of the node, which has the cause; report it with message and stack.',
  INVALID_ARGUMENT:
    'Change the argument that the message names; of a typed export `pluvio types NAME` writes the types.',
  LIMIT_OUT_OF_RANGE:
    'Give a value within the range that the message has; on a node `workerMaximums` of its config may be raised.',
  UNSUPPORTED: 'Use an engine, host or setting that has what the message names; docs/engines.md compares them.',
  ABORTED: 'Nothing, if it was you who aborted; else give the operation more time, or a signal that aborts later.',

  // wasm
  MODULE_MALFORMED:
    'Give the `.wasm` file itself, whole: no text format, no archive. Bundles go to `pluvio run` and `POST /v1/bundles`.',
  MODULE_INVALID: 'Build the module again; if other engines take it, report it with the module.',
  MODULE_LIMIT: 'Split or shrink what the message names: functions, locals, types. Optimising for size often suffices.',

  // components
  COMPONENT_MALFORMED: 'Give the component whole, as its toolchain wrote it, or build it again with a newer one.',
  COMPONENT_UNSUPPORTED: 'Build it without what the message names; docs/components.md lists what runs.',

  // engine
  IMPORT_MISSING:
    'Give the functions that the message lists in `imports` or `hosts`. A program with `pluvio_v1` needs a node; other missing ones: build for WASI 0.1 or 0.2.',
  IMPORT_MISMATCH: 'Give a function, memory, table or global of the type that the module declares.',
  EXPORT_NOT_FOUND:
    'Take one of the names that the message lists, or export the function; `pluvio inspect` shows exports.',
  LINK_FAILED:
    'Read the reason: a start function that traps, segments outside of a memory or table, or memory that cannot grow that far.',
  WORKER_BUSY: 'Wait for the call in progress (`waitOutcome`), or end it with `pluvio stop` or `pluvio cancel`.',
  WORKER_NOT_STOPPED: 'Stop it first (`Worker.stop`, and wait for the outcome), then take the snapshot.',
  WORKER_NOT_RESUMABLE: 'Call an export in place of resuming; `pluvio get NAME` tells its status.',
  WORKER_CLOSED: 'Make another worker, or restore one from a snapshot; one that is closed stays so.',
  MEMORY_FULL: 'Repeat it when workers have ended or sleep, or raise `limits.guestMemoryBytes` of the node.',
  NOT_MIGRATABLE:
    'Let the worker give up what the message names, then try again. If it is the module itself (shared memory, …), build it without; `pluvio inspect` tells.',
  SNAPSHOT_MALFORMED: 'Get the snapshot again from where it was made: these bytes were changed or cut off.',
  SNAPSHOT_VERSION: 'Read it with the version of Pluvio that wrote it, or a later one.',
  SNAPSHOT_MISMATCH:
    'Restore it with the same module, byte for byte, and the same files; `pluvio inspect` shows the digest of the module.',
  SNAPSHOT_PARENT: 'Give the snapshot that the delta was taken on, or take a whole one, without `base`.',
  STACK_TOO_DEEP:
    'Raise `stackDepth` of the worker (`--stack-depth`, `limits` of the manifest) up to what the engine allows.',
  HOST_FUNCTION_FAILED: 'Not given by this version; the name is kept.',

  // bundle
  BUNDLE_MALFORMED: 'Send or fetch the bundle again; if it stays so, build or pack it anew.',
  BUNDLE_VERSION: 'Read it with a later version of Pluvio, or pack it with one that writes version 1.',
  BUNDLE_MANIFEST_INVALID: 'Change the field that the message names; docs/bundle-format.md has all of them.',
  BUNDLE_DIGEST: 'Fetch or send the blob again; if it stays so, its source is damaged.',
  BUNDLE_LIMIT: 'Make the bundle smaller, or raise the limit that the message names where it is received.',
  BUNDLE_PATH: 'Name the file by a relative path without `..`, once.',
  BUNDLE_SIGNATURE: 'Fetch bundle and signature again from their publisher, or sign what you have changed.',
  BUNDLE_UNSIGNED: 'Sign the bundle with a key of a publisher; the node says who in `trust.publishers`.',
  BUNDLE_UNTRUSTED:
    'Have it signed by a publisher that may deploy it, or add the key to `trust.publishers` (of moves: `trust.peers`) of the node.',
  BLOB_NOT_FOUND: 'Upload the bundle or blob first; `GET /v1/bundles` lists what the node keeps.',
  BLOB_DAMAGED:
    'Upload the bundle again, which stores its blobs anew; a checkpoint is reverted to an earlier one. Look at the disk.',

  // registries
  REGISTRY_UNREACHABLE:
    'Look at the name, the network and TLS (`--plain-http` goes without), then repeat it: what was sent is not sent again.',
  REGISTRY_DENIED:
    'Sign in to the registry as for containers, or give the node credentials (`registries.credentials`).',
  REGISTRY_NOT_FOUND: 'Look at repository and tag; some registries answer so to those who are not signed in.',
  REGISTRY_FAILED:
    'Read what the registry answered; push to one that takes OCI artifacts, with a valid tag and within its limits.',
  REGISTRY_REFUSED:
    'List the registry in `registries.allow` of the node, a private address in `registries.allowPrivate`; on the command line `--allow-private`, `--plain-http`.',
  REGISTRY_BUSY: 'Repeat it when a pull has ended, or raise `registries.pulls`.',
  CREDENTIALS_FAILED:
    'Repair the file, or install the helper, that the message names (`~/.docker/config.json`, `$DOCKER_CONFIG`).',

  // node
  ENGINE_LOST:
    'Repeat the call. With a key, or a policy other than `never`, it is done once; otherwise part of it may have been done.',
  ENGINES_TOO_MANY: 'Repeat it later, or raise `engine.threads`: with `process-per-tenant` each tenant needs one.',
  REQUEST_INVALID: 'Change the field that the message names; /openapi.json describes every request.',
  UNAUTHENTICATED:
    'Send a token that the node knows and that has not expired; the command takes `--token-file`, `$PLUVIO_TOKEN`.',
  FORBIDDEN:
    'Use a token with the verb, tenant and worker (`pluvio token inspect`), have `grants` allow what the manifest asks for, or use the node’s loopback address.',
  ROUTE_NOT_FOUND: 'Use a path and method of /openapi.json.',
  ROUTE_TAKEN: 'Give one of the two workers another route, or delete the one that the message names.',
  INGRESS_TIMEOUT:
    'Have the guest answer sooner, or raise `limits.ingressMs`; repeat it with an idempotency key so that it is done once.',
  INGRESS_LOOP:
    'Ask the node that has the worker (`pluvio get`), or raise `limits.ingressHops` if it has moved so often.',
  HEAD_TOO_LARGE: 'Send shorter header fields and a shorter path; data belongs into the body.',
  REQUEST_TIMEOUT: 'Send it faster or in parts, or raise `limits.requestMs`.',
  EXPECTATION_FAILED: 'Leave the header out; only `100-continue` is met.',
  BODY_TOO_LARGE: 'Send less, or raise the limit of the operation (`limits.callBytes`, `moduleBytes`, `jsonBytes`, …).',
  MEDIA_TYPE_UNSUPPORTED: 'Set `content-type` to one that the message lists.',
  WORKER_NOT_FOUND: 'Look at the name and the node: `pluvio list` shows its workers. One that was deleted is gone.',
  WORKER_EXISTS: 'Take another name, update the worker (`pluvio deploy`), or delete it.',
  WORKER_MOVED: 'Send the request to `details.location`; the client and the command follow by themselves.',
  WORKER_MOVING: 'Repeat it in a moment; the client’s typed calls do so by themselves.',
  WORKER_ENDED: 'Read its output with `pluvio logs`; run the program again to have another one.',
  WORKER_LOST: 'Delete it and make it anew from its bundle; a policy other than `never` keeps the state from then on.',
  TENANT_LIMIT:
    'Wait as long as `retry-after` says, delete or stop what is not needed, or have the operator raise the limit (docs/limits.md).',
  WORKERS_TOO_MANY: 'Delete workers that are not needed, use another node, or raise `limits.workers`.',
  NODE_FULL:
    'Repeat it after `retry-after`, let idle workers sleep sooner (`hibernate.afterMs`), or raise `limits.liveWorkers`.',
  STREAMS_TOO_MANY: 'Close streams that nobody reads, or raise `limits.streams`.',
  STREAM_STALLED: 'Ask again with `after`, and read as it comes; or raise `limits.stallMs`.',
  CALL_FAILED:
    'Read `pluvio logs NAME`: a trap and what the guest logged stand there. Repair the guest, or raise the limit that ended it.',
  INPUT_NOT_FOUND: 'Nothing: it is over. Ends of calls without a key are forgotten soon; call with a key to ask later.',
  STDIN_FULL: 'Wait until the guest has read, then send the rest; or raise `limits.stdinBytes`.',
  NODE_CLOSING: 'Repeat it when the node is up again, or at another one.',
  NODE_DRAINING:
    'Repeat it after `retry-after`: the worker may be on another node, to which the answer then leads. `pluvio drain --end` ends it.',
  NODE_UNREACHABLE:
    'Start the node, or look at its address and the network between; from node to node also at TLS and `tls.peerCa`.',
  LISTEN_REFUSED:
    'Listen on loopback, or give the node a token (`--token-file`, `access.tokens`); for a port in use take another one.',
  STORE_FAILED: 'Look at disk, owner and permissions of `dataDir`; no second node may use it. Start the node again.',
  STORE_FULL:
    'Make room on the disk, raise the limit that the message names, or delete workers and bundles; then repeat it.',
  STORE_BUSY: 'Repeat it in a moment; take one backup at a time.',
  STORE_CLOSED: 'Start the node again; its log says why the store ended.',
  STORE_DAMAGED:
    'Start the node again, which takes over what is readable and lists what was lost, or restore a backup.',
  STORE_VERSION: 'Start the version of Pluvio that wrote it, or a later one, or restore a backup of before.',
  WORKER_DAMAGED: 'Revert the worker to an earlier checkpoint (`pluvio history`, `pluvio revert`), or delete it.',
  MAILBOX_FULL: 'Send the rest when the worker has taken some; raise `limits.mailbox` if it is slow only at times.',
  CHECKPOINT_NOT_FOUND: 'Take a number of `pluvio history NAME`; pin those that are to stay.',
  VERSION_NOT_FOUND: 'Deploy the version that you want; only those of updates that are still kept can be gone back to.',
  INPUTS_GONE: 'Revert without `--replay`, or to a later checkpoint.',
  WORKER_REPLACED: 'Repeat it if it is still wanted: what it did to the worker was set back.',
  JOURNAL_MALFORMED: 'Move the worker again; if it stays so, bring both nodes to the same version.',
  JOURNAL_VERSION: 'Bring the target of the move to the version of the source, or a later one.',
  BACKUP_TARGET: 'Name a folder that does not exist or is empty.',
  BACKUP_FAILED:
    'Remove what was written, make room or look at permissions as the message says, and take the backup again.',
  BACKUP_DAMAGED: 'Use another backup: this one is not whole, and nothing of it was laid out.',
  MOVE_FAILED:
    'Read the cause in the message (what the target refused, or the network), then move again; the worker runs on.',
  MOVE_IN_DOUBT:
    'Bring the target back, and it settles itself. If the target is gone for good: `POST /v1/workers/NAME/settle-move` says where it runs.',
  MOVE_NOT_FOUND: 'Begin the move again, from its source.',
  MOVE_EXPIRED: 'Begin the move again; if it takes long, raise `limits.leaseMs` of the target.',

  // node: config, keys and rights
  CONFIG_INVALID:
    'Change the fields that the message lists; `pluvio config validate FILE` checks, docs/config.md describes them.',
  KEY_INVALID:
    'Give the file and form that the message asks for (docs/security.md); key files must belong to their owner alone.',
  KEY_UNKNOWN:
    'Give the key that it names: the node that a file is sealed to takes it; old keys at rest stay in `encryption.keyFile`.',
  TOKEN_INVALID: 'Make another token from one that is whole; narrowing can only take away (`pluvio token inspect`).',
  SEAL_BROKEN: 'Send or fetch it again; a blob at rest is restored from a backup.',
  SEAL_REQUIRED: 'Set `moves.seal` of both nodes so that they agree; the target must show a sealing key.',
  AUDIT_BROKEN:
    'Keep the file as evidence, compare it with a copy elsewhere, and move it away: the node begins a new one.',
  NODE_UNTRUSTED:
    'If the key is right, add it to `tls.pins` or `trust.peers`; if not, somebody else answers at that address.',

  // projects
  PROJECT_INVALID: 'Change the fields that the message lists; with `$schema` an editor shows what may be there.',
  BUILD_FAILED: 'Repair the source at the line that the message has.',
  COMPILER_MISSING:
    '`npm install`, or `npm install --save-dev assemblyscript@0.28`; of another language, install the program that the message names.',
  LOCK_MISMATCH: 'Find what changed (source, files, compiler), or build without `--locked` to accept it.',

  // command line
  FILE_FAILED: 'Look at path and permissions of the file that the message names.',
} as const satisfies Readonly<Record<ErrorCode, string>>;
