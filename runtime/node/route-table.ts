/** Every operation of the HTTP API, a row each; the router, /openapi.json and the client's tests derive from it. */
import type { Scope } from './access.ts';
import { MEDIA } from './media-types.ts';
import type { NodeLimitName } from './node-limits.ts';
import type { Schema } from './schema-check.ts';
import * as schemas from './schemas.ts';

export interface RouteBody {
  /** Shape of a JSON body, where one is accepted. */
  readonly json?: Schema;
  /** Content types that are taken as bytes. */
  readonly raw?: readonly string[];
  /** Limit of a raw body; JSON has `jsonBytes`. */
  readonly limit?: NodeLimitName;
  readonly optional?: boolean;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly summary: string;
  readonly scope: Scope;
  readonly query?: Schema;
  readonly body?: RouteBody;
  readonly status: number;
  /** Shape of a JSON answer. */
  readonly answer?: Schema;
  /** Content types of another answer. */
  readonly media?: readonly string[];
}

const get = (path: string, scope: Scope, summary: string, rest: Partial<Route>): Route => ({
  method: 'GET',
  path,
  scope,
  summary,
  status: 200,
  ...rest,
});
const post = (path: string, scope: Scope, summary: string, rest: Partial<Route>): Route => ({
  ...get(path, scope, summary, rest),
  method: 'POST',
});
const remove = (path: string, scope: Scope, summary: string): Route => ({
  ...get(path, scope, summary, {}),
  method: 'DELETE',
  status: 204,
});

const worker = '/v1/workers/{name}';

export const ROUTES = {
  getHealth: get('/healthz', 'public', 'Tells that the process answers.', { answer: schemas.HEALTH }),
  getReadiness: get('/readyz', 'public', 'Tells whether the node takes work.', { answer: schemas.HEALTH }),
  getOpenApi: get('/openapi.json', 'public', 'Describes this API.', {
    answer: { type: 'object', additionalProperties: true },
  }),
  getMetrics: get('/metrics', 'read', 'Counts and gauges for Prometheus.', { media: [MEDIA.metrics] }),
  getNode: get('/v1/node', 'read', 'Describes the node and its limits.', { answer: schemas.NODE }),
  backupNode: post('/v1/node/backup', 'write', 'Takes a backup of the node while it runs, as a tar.', {
    query: schemas.BACKUP_QUERY,
    media: [MEDIA.tar],
  }),
  drainNode: post(
    '/v1/node/drain',
    'write',
    'Takes no more work, and keeps every worker, or moves it to another node.',
    {
      body: { json: schemas.DRAIN_REQUEST, optional: true },
      status: 202,
      answer: schemas.DRAIN,
    },
  ),
  endDrain: remove('/v1/node/drain', 'write', 'Takes work again.'),
  getEvents: get('/v1/events', 'read', 'Streams what happens to workers.', {
    query: schemas.EVENT_QUERY,
    media: [MEDIA.events],
  }),

  revokeTokens: post(
    '/v1/revocations',
    'write',
    'Has a token count no more, or all that a key signed before a moment.',
    { body: { json: schemas.REVOCATION }, status: 204 },
  ),

  listWorkers: get('/v1/workers', 'read', 'Lists the workers that live here.', { answer: schemas.WORKER_LIST }),
  createWorker: post(
    '/v1/workers',
    'write',
    'Makes a worker from a bundle of the node or of a registry (JSON), or from a module (its bytes).',
    {
      query: schemas.MODULE_QUERY,
      body: { json: schemas.WORKER_CREATE, raw: [MEDIA.wasm], limit: 'moduleBytes' },
      status: 201,
      answer: schemas.WORKER,
    },
  ),
  getWorker: get(worker, 'read', 'Describes a worker.', { answer: schemas.WORKER }),
  getStack: get(
    `${worker}/stack`,
    'read',
    'Tells where the worker is: the functions of its call in progress; it goes on.',
    {
      query: schemas.STACK_QUERY,
      answer: schemas.STACK,
    },
  ),
  updateWorker: {
    ...get(worker, 'write', 'Gives a worker another version: a new bundle under its name.', {}),
    method: 'PUT',
    body: { json: schemas.UPDATE_REQUEST },
    answer: schemas.UPDATED,
  },
  rollbackWorker: post(`${worker}/rollback`, 'write', 'Gives a worker the version that it had before.', {
    answer: schemas.UPDATED,
  }),
  deleteWorker: remove(worker, 'write', 'Ends and forgets a worker.'),
  stopWorker: post(`${worker}/stop`, 'write', 'Stops the call in progress at its next safepoint.', {
    answer: schemas.WORKER,
  }),
  resumeWorker: post(`${worker}/resume`, 'write', 'Starts a command, or goes on with a stopped call.', {
    query: schemas.WAIT_QUERY,
    answer: schemas.RUN_STATE,
  }),
  snapshotWorker: post(`${worker}/snapshot`, 'write', 'Keeps the state as a bundle; a running worker goes on.', {
    status: 201,
    answer: schemas.BUNDLE,
  }),
  forkWorker: post(`${worker}/fork`, 'write', 'Makes a second worker in the same state.', {
    body: { json: schemas.FORK_REQUEST },
    status: 201,
    answer: schemas.WORKER,
  }),
  checkpointWorker: post(
    `${worker}/checkpoint`,
    'write',
    'Keeps the state in the history of the worker; answers when it is durable.',
    {
      body: { json: schemas.CHECKPOINT_REQUEST, optional: true },
      status: 201,
      answer: schemas.CHECKPOINT,
    },
  ),
  getHistory: get(`${worker}/history`, 'read', 'Lists the states that the worker can be set back to, newest first.', {
    answer: schemas.HISTORY,
  }),
  pinCheckpoint: {
    ...get(`${worker}/history/{checkpoint}`, 'write', 'Keeps a state of the history until it is unpinned.', {}),
    method: 'PUT',
    body: { json: schemas.PIN_REQUEST },
    status: 204,
  },
  revertWorker: post(`${worker}/revert`, 'write', 'Sets the worker back to a state of its history.', {
    body: { json: schemas.REVERT_REQUEST },
    answer: schemas.REVERTED,
  }),
  moveWorker: post(`${worker}/move`, 'write', 'Moves the worker to another node.', {
    body: { json: schemas.MOVE_REQUEST },
    answer: schemas.MOVE_RESULT,
  }),
  settleMove: post(
    `${worker}/settle-move`,
    'write',
    'Ends the doubt about a move whose target cannot be asked any more.',
    {
      body: { json: schemas.SETTLE_REQUEST },
      status: 202,
      answer: schemas.WORKER,
    },
  ),
  callExport: post(`${worker}/call/{export}`, 'write', 'Calls an exported function and waits for its end.', {
    query: schemas.CALL_QUERY,
    body: {
      json: schemas.CALL_REQUEST,
      raw: [MEDIA.json, MEDIA.octets, MEDIA.msgpack, 'text/plain'],
      limit: 'callBytes',
      optional: true,
    },
    answer: schemas.RUN_STATE,
    media: [MEDIA.octets, MEDIA.msgpack],
  }),
  getInterface: get(
    `${worker}/interface`,
    'read',
    'Tells which exports a worker has for callers, and the types of their values; brings it into memory.',
    { answer: schemas.INTERFACE },
  ),
  getInput: get(`${worker}/inputs/{input}`, 'read', 'Tells how an input ended, or waits for its end.', {
    query: schemas.WAIT_QUERY,
    answer: schemas.INPUT_STATE,
    media: [MEDIA.octets],
  }),
  cancelCall: post(`${worker}/cancel`, 'write', 'Gives up an input that waits, or the call in progress.', {
    body: { json: schemas.CANCEL_REQUEST, optional: true },
    answer: schemas.WORKER,
  }),
  sendMessage: post(
    `${worker}/messages`,
    'write',
    'Puts a message into the mailbox; with `reply` waits for the answer.',
    {
      query: schemas.MESSAGE_QUERY,
      body: { raw: [MEDIA.octets, MEDIA.json, MEDIA.msgpack, 'text/plain'], limit: 'callBytes', optional: true },
      status: 202,
      answer: schemas.MESSAGE_SENT,
      media: [MEDIA.octets],
    },
  ),
  getOutcome: get(`${worker}/outcome`, 'read', 'Waits for the end of the call in progress.', {
    query: schemas.WAIT_QUERY,
    answer: schemas.RUN_STATE,
  }),
  getLogs: get(`${worker}/logs`, 'read', 'The output: an event stream, or plain bytes.', {
    query: schemas.LOG_QUERY,
    media: [MEDIA.events, MEDIA.text],
  }),
  sendStdin: post(`${worker}/stdin`, 'write', 'Adds to the standard input of the worker.', {
    query: schemas.STDIN_QUERY,
    body: { raw: [MEDIA.octets, 'text/plain'], limit: 'stdinBytes', optional: true },
    status: 204,
  }),

  listBundles: get('/v1/bundles', 'read', 'Lists the bundles that are kept here.', { answer: schemas.BUNDLE_LIST }),
  uploadBundle: post('/v1/bundles', 'write', 'Takes a .drop file, or the manifest of a bundle whose blobs are here.', {
    body: { raw: [MEDIA.drop, 'application/x-tar', MEDIA.ociManifest, MEDIA.sealed], limit: 'bundleBytes' },
    status: 201,
    answer: schemas.BUNDLE,
  }),
  getBundle: get('/v1/bundles/{digest}', 'read', 'Describes a bundle.', { answer: schemas.BUNDLE }),
  getBundleContent: get('/v1/bundles/{digest}/content', 'read', 'The bundle as a .drop file.', { media: [MEDIA.drop] }),
  deleteBundle: remove('/v1/bundles/{digest}', 'write', 'Forgets a bundle.'),

  listMissing: post('/v1/blobs/missing', 'peer', 'Which of these blobs the node lacks.', {
    body: { json: schemas.DIGESTS_REQUEST },
    answer: schemas.MISSING,
  }),
  getBlob: get('/v1/blobs/{digest}', 'read', 'A blob; HEAD tells whether it is here.', { media: [MEDIA.octets] }),
  putBlob: {
    ...get('/v1/blobs/{digest}', 'peer', 'Takes one blob; its digest must be that of the path.', {}),
    method: 'PUT',
    body: { raw: [MEDIA.octets], limit: 'blobBytes' },
    status: 204,
  },
  putBlobs: post('/v1/blobs', 'peer', 'Takes many blobs in one framed stream.', {
    body: { raw: [MEDIA.blobStream], limit: 'bundleBytes' },
    answer: schemas.BLOBS_RECEIVED,
  }),

  offerMove: post('/v1/moves', 'peer', 'Announces a move to this node; the name of the worker is reserved.', {
    body: { json: schemas.MOVE_OFFER },
    status: 201,
    answer: schemas.INCOMING_MOVE,
  }),
  getMove: get('/v1/moves/{id}', 'peer', 'What this node knows of a move to it.', { answer: schemas.INCOMING_MOVE }),
  warmMove: post('/v1/moves/{id}/warm', 'peer', 'Makes the module ready while the worker still runs at its source.', {
    body: { json: schemas.MOVE_WARM },
    answer: schemas.INCOMING_MOVE,
  }),
  putSealedBlobs: post('/v1/moves/{id}/blobs', 'peer', 'Takes many blobs of a move, sealed to this node.', {
    body: { raw: [MEDIA.sealed], limit: 'bundleBytes' },
    answer: schemas.BLOBS_RECEIVED,
  }),
  prepareMove: post('/v1/moves/{id}/prepare', 'peer', 'Checks and restores the worker without running it.', {
    body: { json: schemas.MOVE_PREPARE },
    answer: schemas.INCOMING_MOVE,
  }),
  commitMove: post('/v1/moves/{id}/commit', 'peer', 'Runs the worker here from now on; may be repeated.', {
    answer: schemas.INCOMING_MOVE,
  }),
  abortMove: remove('/v1/moves/{id}', 'peer', 'Discards an offered or prepared move.'),
} as const satisfies Record<string, Route>;

export type OperationId = keyof typeof ROUTES;

/** Shapes of the parameters in paths. */
export const PATH_PARAMETERS: Readonly<Record<string, Schema>> = {
  name: schemas.NAME,
  digest: schemas.DIGEST,
  id: schemas.MOVE_ID,
  checkpoint: { type: 'string', pattern: '^[1-9][0-9]{0,14}$', description: 'Number of a checkpoint in the history.' },
  input: {
    type: 'string',
    pattern: schemas.INPUT_PATTERN,
    description: 'Number of an input in the journal, or the name of a call that the journal does not have.',
  },
  export: { type: 'string', maxLength: 1024, description: 'Name of an exported function, percent-encoded.' },
};
