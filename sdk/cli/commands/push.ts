import type { CommandRow } from '../command.ts';
import { BASE, OUTPUT, NODE, PROGRESS, REGISTRY_OPTIONS, TOKEN_FILE } from '../options.ts';

export const PUSH: CommandRow = {
  name: 'push',
  summary: 'put a program, or a worker with its state, into a registry',
  details:
    'Any registry of the OCI distribution specification will do. Blobs that it has are not sent again. A name that ends with .drop or .wasm or contains a slash is a file, any other a worker of the node, which goes on. A file goes as it is; the state of a worker is packed so that memory which an earlier bundle has is not sent again. What is printed names the bundle by its digest. Credentials are those of Docker: $DOCKER_CONFIG/config.json, else ~/.docker/config.json.',
  arguments: [
    {
      name: '<what>',
      description: 'bundle (.drop), WebAssembly module (.wasm), or name of a worker',
      completes: 'file',
    },
    { name: '<reference>', description: 'where to: host[:port]/repository[:tag]', completes: 'nothing' },
  ],
  options: [
    {
      flags: '--code',
      description: 'module, manifest and files alone, without the state of a program that has begun',
    },
    {
      flags: '--sign <FILE>',
      description: 'sign the bundle with this private key (Ed25519, PEM)',
      completes: 'file',
    },
    {
      flags: '--annotation <NAME=VALUE>',
      description: 'say something of it: source, version, licenses, created, description, or any other name',
      repeatable: true,
      completes: 'nothing',
    },
    {
      flags: '--sbom <FILE>',
      description: 'what it is made of, as SPDX or CycloneDX (JSON); kept beside it',
      completes: 'file',
    },
    BASE,
    {
      flags: '--mount-from <REPOSITORY>',
      description: 'another repository of the registry that may have some of it',
      completes: 'nothing',
    },
    ...REGISTRY_OPTIONS,
    NODE,
    TOKEN_FILE,
    PROGRESS,
    OUTPUT,
  ],
  examples: [
    { command: 'pluvio push pi.wasm registry.example.org/tools/pi:1', does: 'a program' },
    { command: 'pluvio push pi registry.example.org/team/pi:monday', does: 'a worker, in the state that it is in' },
    {
      command:
        'pluvio push --sign key.pem --annotation version=1.2 --sbom pi.spdx.json pi.drop registry.example.org/tools/pi:1.2',
      does: 'signed, with what it is made of',
    },
  ],
  load: async () => (await import('../push-action.ts')).pushAction,
};
