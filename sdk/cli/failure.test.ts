import { expect, it } from 'vitest';
import { type ErrorCode, PluvioError } from '../../runtime/errors/index.ts';
import { hintOf } from './failure.ts';

it.each<[code: ErrorCode, message: string, details: PluvioError['details'], hint: string | undefined]>([
  ['FORBIDDEN', 'x', {}, 'use a token that covers this, or ask for the node by its loopback address'],
  [
    'FORBIDDEN',
    'x',
    { missing: ['kv', 'http.inbound a.example/* b.example/*'] },
    `start the node with \`--set 'grants={"kv":[],"http.inbound":["a.example/*","b.example/*"]}'\` besides what it grants, or put that into \`grants\` of its config`,
  ],
  ['CALL_FAILED', 'the call of worker "shop" trapped', {}, '`pluvio logs shop` tells why'],
  ['CALL_FAILED', 'x', {}, '`pluvio logs NAME` tells why'],
  ['EXPORT_NOT_FOUND', 'worker "a" has no export b; it has c', { exports: ['c'] }, undefined],
  [
    'EXPORT_NOT_FOUND',
    'worker "a" has no exported function "b"',
    {},
    '`pluvio inspect` of its module or bundle lists what it exports',
  ],
  [
    'EXPORT_NOT_FOUND',
    'a.wasm has no function "b"',
    {},
    '`pluvio inspect FILE.wasm` lists what a module exports; call a function with --invoke',
  ],
  [
    'IMPORT_MISSING',
    'x',
    { imports: ['"pluvio_v1"."log" (func)'] },
    'this program needs a node: `pluvio dev`, `pluvio deploy`, or `pluvio run --node URL`',
  ],
  [
    'IMPORT_MISSING',
    'x',
    { imports: ['"env"."log" (func)'] },
    'pluvio gives WASI 0.1, and 0.2 to components; build the program for the target wasm32-wasip1 or wasm32-wasip2',
  ],
  [
    'LISTEN_REFUSED',
    'x',
    { host: '127.0.0.1', port: 7071 },
    'end what listens there, or choose another address: --listen for the node, --ingress for requests by routes',
  ],
  ['LISTEN_REFUSED', 'x', {}, 'choose another address with --listen; other than loopback needs --token-file'],
  [
    'COMPILER_MISSING',
    'x',
    { program: 'clang-22' },
    'install it (docs/c.md and docs/rust.md say how), or name another in pluvio.json',
  ],
  [
    'COMPILER_MISSING',
    'x',
    {},
    '`npm install` installs what package.json lists; `npm install --save-dev assemblyscript@0.28` puts it there',
  ],
  [
    'REGISTRY_REFUSED',
    'it must be listed in registries.allow',
    {},
    'have it listed in the config of the node, or leave out --node-pulls: then the bundle goes by this machine',
  ],
  ['REGISTRY_REFUSED', 'x', {}, 'allow it with --allow-private NETWORK or --plain-http, if you trust the registry'],
  ['FILE_FAILED', 'cannot make the folder a: it is there already', {}, 'choose another name'],
  [
    'FILE_FAILED',
    'cannot read pluvio.json: there is no such file; it must be in the project’s folder',
    {},
    '`pluvio new` makes a project, with its pluvio.json',
  ],
  ['FILE_FAILED', 'cannot read a: permission denied', {}, 'check the path and its permissions'],
  ['INTERNAL', 'x', {}, undefined],
])('%s, %s', (code, message, details, hint) => {
  expect(hintOf(new PluvioError(code, message, details))).toBe(hint);
});
