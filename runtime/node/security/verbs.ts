/** What a right is a right to: verbs, a row each, and the verb of every operation. */
import type { OperationId } from '../route-table.ts';

export const VERBS = {
  read: 'see workers, bundles and the node',
  logs: 'read what workers write, and events',
  call: 'call exports, send input, wait for outcomes',
  deploy: 'upload bundles and modules, make, fork and delete workers',
  stop: 'stop and resume',
  snapshot: 'keep the state as a bundle, and fetch bundles and blobs',
  move: 'move a worker to another node',
  secrets: 'set secrets',
  admin: 'all that concerns the node as a whole, and every operation that no other verb names',
  peer: 'send blobs and move workers in: what another node does',
} as const satisfies Record<string, string>;

export type Verb = keyof typeof VERBS;

export const ALL_VERBS = Object.keys(VERBS) as readonly Verb[]; // keys of VERBS

export const isVerb = (text: string): text is Verb => Object.hasOwn(VERBS, text);

/** Scopes of the route table, and the words of older tokens. */
type Scope = 'public' | 'read' | 'write' | 'peer';

const VERB_OF_SCOPE: Readonly<Record<Exclude<Scope, 'public'>, Verb>> = { read: 'read', write: 'admin', peer: 'peer' };

/** Operations whose verb is finer than their scope. */
const VERB_OF: Partial<Readonly<Record<OperationId, Verb>>> = {
  getEvents: 'logs',
  getLogs: 'logs',
  createWorker: 'deploy',
  deleteWorker: 'deploy',
  updateWorker: 'deploy',
  rollbackWorker: 'deploy',
  forkWorker: 'deploy',
  uploadBundle: 'deploy',
  deleteBundle: 'deploy',
  callExport: 'call',
  getInterface: 'call',
  sendStdin: 'call',
  sendMessage: 'call',
  getInput: 'call',
  cancelCall: 'call',
  getOutcome: 'call',
  stopWorker: 'stop',
  resumeWorker: 'stop',
  snapshotWorker: 'snapshot',
  checkpointWorker: 'snapshot',
  getHistory: 'snapshot',
  pinCheckpoint: 'snapshot',
  revertWorker: 'snapshot',
  getBundleContent: 'snapshot',
  getBlob: 'snapshot',
  moveWorker: 'move',
};

/** What an operation asks for; an operation that this table does not know asks for what its scope says. */
export const verbOf = (operation: string, scope: Scope): Verb | 'public' =>
  scope === 'public' ? 'public' : ((VERB_OF as Readonly<Record<string, Verb>>)[operation] ?? VERB_OF_SCOPE[scope]);

/** What a scope of a token covers. */
export const VERBS_OF_SCOPE: Readonly<Record<Exclude<Scope, 'public'>, readonly Verb[]>> = {
  read: ['read', 'logs'],
  write: ALL_VERBS,
  peer: ['peer'],
};

/**
 * Operations that a token of one tenant or of some workers may ask for: those that act on the worker of their path alone, and those whose
 * handlers look at the identity of the call. Any other is refused to such a token.
 */
export const NARROWED_OPERATIONS: ReadonlySet<OperationId> = new Set<OperationId>([
  'getNode',
  'getEvents',
  'listWorkers',
  'createWorker',
  'forkWorker',
  'listBundles',
  'uploadBundle',
  'getBundle',
  'getBundleContent',
  'deleteBundle',
  'getWorker',
  'getStack',
  'deleteWorker',
  'updateWorker',
  'rollbackWorker',
  'stopWorker',
  'resumeWorker',
  'snapshotWorker',
  'checkpointWorker',
  'getHistory',
  'pinCheckpoint',
  'revertWorker',
  'moveWorker',
  'callExport',
  'getInterface',
  'getInput',
  'cancelCall',
  'sendMessage',
  'getOutcome',
  'getLogs',
  'sendStdin',
]);
