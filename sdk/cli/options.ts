/** Options that several commands share. */
import type { ArgumentRow, OptionRow } from './command.ts';

export const OUTPUT: OptionRow = {
  flags: '-o, --output <FORMAT>',
  description: 'how the result is written (default: text)',
  choices: ['text', 'json'],
};

export const NODE: OptionRow = {
  flags: '--node <URL>',
  description: 'address of the node (default: $PLUVIO_NODE, else http://127.0.0.1:7071)',
  completes: 'nothing',
};

export const TOKEN_FILE: OptionRow = {
  flags: '--token-file <[ORIGIN=]FILE>',
  description: 'file with the token of the node, or of another node by its origin (default: $PLUVIO_TOKEN)',
  repeatable: true,
  completes: 'file',
};

export const PROGRESS: OptionRow = {
  flags: '--progress',
  description: 'show the progress of transfers also where standard error is no terminal',
};

/** Where a registry may be, and how it is spoken to. */
export const REGISTRY_OPTIONS: readonly OptionRow[] = [
  { flags: '--plain-http', description: 'speak to the registry without TLS, also when it is not on this machine' },
  {
    flags: '--allow-private <NETWORK>',
    description: 'where the registry may lead to besides public addresses, such as 10.0.0.0/8',
    repeatable: true,
    completes: 'nothing',
  },
];

export const BASE: OptionRow = {
  flags: '--base <TAG>',
  description: 'an earlier state of the worker in the repository, whose memory is shared (default: what has the tag)',
  completes: 'nothing',
};

/** Whose bundles are taken, and where from. */
export const SOURCE_OPTIONS: readonly OptionRow[] = [
  {
    flags: '--trust <KEY>',
    description: 'take a bundle only if this key (Ed25519, base64url) has signed it',
    repeatable: true,
    completes: 'nothing',
  },
  { flags: '--require-signature', description: 'take no bundle without a signature' },
  ...REGISTRY_OPTIONS,
];

/** What `run` and others are given. */
export const PROGRAM: ArgumentRow = {
  name: '<file>',
  description: 'WebAssembly module (.wasm), bundle (.drop), or reference (host/repository:tag)',
  completes: 'file',
};

/** Of every command that talks to a node. */
export const REMOTE: readonly OptionRow[] = [NODE, TOKEN_FILE, OUTPUT];

export const WORKER: ArgumentRow = { name: '<worker>', description: 'name of the worker', completes: 'worker' };

export const PROJECT: ArgumentRow = {
  name: '[folder]',
  description: 'folder of the project, with its pluvio.json (default: this one)',
  completes: 'directory',
};

/** Limits of a guest. */
export const LIMIT_OPTIONS: readonly OptionRow[] = [
  { flags: '--fuel <UNITS>', description: 'fuel for the whole life of the program', completes: 'nothing' },
  { flags: '--memory-pages <COUNT>', description: 'memory in pages of 64 KiB', completes: 'nothing' },
  { flags: '--stack-depth <COUNT>', description: 'calls on the stack', completes: 'nothing' },
  {
    flags: '--timeout <TIME>',
    description: 'time that the program may take, such as 500ms, 10s, 2m; a bare number is seconds',
    completes: 'nothing',
  },
];

/** Of `run` and `resume`, where the guest runs in this process. */
export const GUEST_OPTIONS: readonly OptionRow[] = [
  {
    flags: '--dir <HOST[::GUEST]>',
    description: 'give the guest a directory; its changes are written back when the program ends or is interrupted',
    repeatable: true,
    completes: 'directory',
  },
  {
    flags: '--copy-dir <HOST[::GUEST]>',
    description: 'give the guest a copy of a directory; changes are thrown away',
    repeatable: true,
    completes: 'directory',
  },
  { flags: '--env <NAME[=VALUE]>', description: 'set a variable of the guest', repeatable: true, completes: 'nothing' },
  {
    flags: '--invoke <EXPORT>',
    description: 'call this function instead of _start and print what it returns',
    completes: 'nothing',
  },
  ...LIMIT_OPTIONS,
  {
    flags: '--on-interrupt <FILE.drop>',
    description: 'at SIGINT, SIGTERM or a limit stop the program and keep its state in this file',
    completes: 'file',
  },
  { flags: '--stats', description: 'tell fuel, time and memory on standard error' },
  {
    flags: '--cache <DIR>',
    description: 'where compiled modules are kept (default: $XDG_CACHE_HOME/pluvio)',
    completes: 'directory',
  },
  { flags: '--no-cache', description: 'keep and use no compiled modules' },
];

/** Of `run` and `resume`, where the guest goes to a node. */
export const DEPLOY_OPTIONS: readonly OptionRow[] = [
  { flags: '--node <URL>', description: 'run on this node instead of here', completes: 'nothing' },
  {
    flags: '--name <NAME>',
    description: 'name of the worker on the node (default: that of the program)',
    completes: 'nothing',
  },
  { flags: '--wait', description: 'wait until the worker ends; its exit code is that of the command' },
  { flags: '--logs', description: 'write the output of the worker until it ends; includes --wait' },
  { flags: '--stdin', description: 'send standard input to the worker' },
  { flags: '--node-pulls', description: 'the node reads the bundle from the registry; its config must list it' },
  TOKEN_FILE,
  PROGRESS,
];
