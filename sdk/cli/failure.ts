/** How a failure is told: `error[CODE]: message`, and what to do about it. */
import { type ErrorCode, PluvioError } from '../../runtime/errors/index.ts';
import { EXIT } from './command.ts';
import { note, styled } from './terminal.ts';
import { UsageError } from './usage-error.ts';

type Details = PluvioError['details'];

/** Texts of a list among the details. */
const textsOf = (details: Details, name: string): readonly string[] => {
  const list = details[name];
  return Array.isArray(list) ? list.filter((item): item is string => typeof item === 'string') : [];
};

/** Grants as a config has them, out of `kv` and `http.inbound a.example/*`. */
const grantsText = (missing: readonly string[]): string =>
  JSON.stringify(
    Object.fromEntries(
      missing.map((text) => {
        const [capability = '', ...scopes] = text.split(' ');
        return [capability, scopes];
      }),
    ),
  );

/** What starts a node that grants this, each a capability with its scopes. */
const grantsHint = (missing: readonly string[]): string =>
  `start the node with \`--set 'grants=${grantsText(missing)}'\` besides what it grants, or put that into \`grants\` of its config`;

/** What a program needs that calls the host ABI. */
export const NEEDS_NODE = 'this program needs a node: `pluvio dev`, `pluvio deploy`, or `pluvio run --node URL`';
export const HOST_ABI = 'pluvio_v1';

/** What a person can do, by code. */
const HINTS: Partial<Readonly<Record<ErrorCode, string | ((error: PluvioError) => string | undefined)>>> = {
  MODULE_MALFORMED: 'a program is a WebAssembly module (.wasm) or a bundle (.drop)',
  IMPORT_MISSING: ({ details }) =>
    textsOf(details, 'imports').some((text) => text.startsWith(`"${HOST_ABI}"`))
      ? NEEDS_NODE
      : 'pluvio gives WASI 0.1, and 0.2 to components; build the program for the target wasm32-wasip1 or wasm32-wasip2',
  EXPORT_NOT_FOUND: ({ message, details }) => {
    if (details['exports'] !== undefined) return undefined;
    return message.startsWith('worker ')
      ? '`pluvio inspect` of its module or bundle lists what it exports'
      : '`pluvio inspect FILE.wasm` lists what a module exports; call a function with --invoke';
  },
  CALL_FAILED: ({ message }) => {
    const worker = /worker "([^"]+)"/.exec(message)?.[1] ?? 'NAME';
    return `\`pluvio logs ${worker}\` tells why`;
  },
  NOT_MIGRATABLE: 'run it without --on-interrupt; `pluvio inspect FILE.wasm` tells what cannot be captured',
  SNAPSHOT_MISMATCH: 'a bundle goes on with the module and files that it was made with',
  STACK_TOO_DEEP: 'raise --stack-depth',
  BUNDLE_LIMIT: 'give fewer or smaller files with --dir',
  NODE_UNREACHABLE: 'start a node with `pluvio node`, or name another with --node URL or $PLUVIO_NODE',
  UNAUTHENTICATED: 'give the token of the node with --token-file FILE or $PLUVIO_TOKEN',
  FORBIDDEN: ({ details }) => {
    const missing = textsOf(details, 'missing');
    return missing.length > 0
      ? grantsHint(missing)
      : 'use a token that covers this, or ask for the node by its loopback address';
  },
  WORKER_NOT_FOUND: '`pluvio list` shows the workers of the node',
  WORKER_EXISTS: 'choose another name with --name, or `pluvio delete` the worker',
  WORKER_BUSY: '`pluvio stop` ends the call in progress',
  WORKER_NOT_RESUMABLE: 'there is no call in progress; call an export with `pluvio call` or --invoke',
  WORKER_ENDED: '`pluvio logs` shows its output, `pluvio get` how it ended',
  WORKER_LOST: '`pluvio delete` it and run the program again',
  LISTEN_REFUSED: ({ details }) =>
    details['port'] === undefined
      ? 'choose another address with --listen; other than loopback needs --token-file'
      : 'end what listens there, or choose another address: --listen for the node, --ingress for requests by routes',
  ROUTE_TAKEN: 'give one of the two another route in pluvio.json, or `pluvio delete` the one that has it',
  MOVE_FAILED: 'the worker goes on where it was; try again when the target is reachable',
  MOVE_IN_DOUBT: '`pluvio get` tells when its node has learned how the move ended',
  CONFIG_INVALID: 'docs/config.md lists the settings; `pluvio config validate FILE` checks a file',
  TOKEN_INVALID: '`pluvio token inspect FILE` tells what a token allows',
  KEY_UNKNOWN:
    '`pluvio inspect FILE` tells whom a file is sealed to; that node takes it: `pluvio resume FILE --node URL`',
  PROJECT_INVALID: 'docs/projects.md explains pluvio.json; `pluvio new` makes one',
  COMPILER_MISSING: ({ details }) =>
    details['program'] === undefined
      ? '`npm install` installs what package.json lists; `npm install --save-dev assemblyscript@0.28` puts it there'
      : 'install it (docs/c.md and docs/rust.md say how), or name another in pluvio.json',
  LOCK_MISMATCH: 'build without --locked to write the lock anew',
  REGISTRY_UNREACHABLE: 'check the name of the registry and the network; one without TLS needs --plain-http',
  REGISTRY_DENIED: 'sign in as for containers: credentials are read from ~/.docker/config.json, or from $DOCKER_CONFIG',
  REGISTRY_REFUSED: ({ message }) =>
    message.includes('registries.allow')
      ? 'have it listed in the config of the node, or leave out --node-pulls: then the bundle goes by this machine'
      : 'allow it with --allow-private NETWORK or --plain-http, if you trust the registry',
  REGISTRY_NOT_FOUND: 'check repository and tag; some registries answer so to those who are not signed in',
  FILE_FAILED: ({ message }) => {
    if (/pluvio\.json: there is no such file/.test(message))
      return '`pluvio new` makes a project, with its pluvio.json';
    return /: it is there already/.test(message) ? 'choose another name' : 'check the path and its permissions';
  },
};

/** What a person can do about an error; undefined: nothing that we know. */
export function hintOf(error: PluvioError): string | undefined {
  const hint = HINTS[error.code];
  return typeof hint === 'function' ? hint(error) : hint;
}

function report(code: string, message: string, hint: string | undefined): void {
  note(`${styled('red', `error[${code}]`)}: ${message}`);
  if (hint !== undefined) note(`${styled('bold', 'hint')}: ${hint}`);
}

/** Writes what went wrong to standard error; gives the exit code. */
export function reportFailure(error: unknown): number {
  if (error instanceof UsageError) {
    report('USAGE', error.message, error.hint ?? '`pluvio help` and the name of the command explain it');
    return EXIT.usage;
  }
  if (error instanceof PluvioError) {
    report(error.code, error.message, hintOf(error));
    return EXIT.failed;
  }
  report(
    'INTERNAL',
    error instanceof Error ? (error.stack ?? error.message) : String(error),
    'this is a fault of pluvio: please report it',
  );
  return EXIT.failed;
}

/** The guest's own end, told in the same form. */
export const reportGuest = (code: 'TRAPPED' | 'LIMIT_REACHED' | 'STOPPED', message: string, hint?: string): void =>
  report(code, message, hint);

/** Turns an error of the file system into one with a code. */
export function fileFailure(action: string, path: string, cause: unknown): PluvioError {
  const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file or directory',
    EACCES: 'permission denied',
    EISDIR: 'it is a directory',
    ENOTDIR: 'it is not a directory',
    ENOSPC: 'no space is left',
  };
  return new PluvioError('FILE_FAILED', `cannot ${action} ${path}: ${known[reason] ?? reason}`, { path }, { cause });
}
