/** A worker manifest with every field, and the files that it names. */
import type { WorkerManifest } from '../../../runtime/bundle/index.ts';

export function arbitraryBundleParts(): { manifest: WorkerManifest; files: ReadonlyMap<string, Uint8Array> } {
  return {
    manifest: {
      schemaVersion: 1,
      name: 'with-all-fields',
      args: ['with-all-fields', '--verbose'],
      env: { HOME: '/', LANG: 'C' },
      stdin: 'data/input.txt',
      files: [{ path: '/data', source: 'data', writable: true }],
      limits: { fuel: 1_000_000n, memoryPages: 64, wallClockMs: 1000 },
      capabilities: { 'net.connect': ['api.example.org:443'] },
      annotations: { team: 'fields' },
    },
    files: new Map([
      ['data/input.txt', new TextEncoder().encode('one\ntwo\n')],
      ['data/deep/er/bytes', new Uint8Array(3000).fill(3)],
      ['readme', new Uint8Array()],
    ]),
  };
}
