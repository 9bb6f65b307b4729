import type { Bundle } from '../../runtime/bundle/bundle.ts';
import type { Snapshot } from '../../runtime/engine/snapshot.ts';
import { snapshotOfMemory } from './snapshot.ts';

/** The smallest module: a preamble. */
export const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

export const text = (content: string): Uint8Array => new TextEncoder().encode(content);

/** A bundle with one of everything, small. */
export function smallBundle(changes: Partial<Bundle> = {}): Bundle {
  return {
    manifest: {
      schemaVersion: 1,
      name: 'greeter',
      args: ['greeter', '--loud'],
      env: { LANG: 'C', EDITOR: 'ed' },
      stdin: 'input.txt',
      files: [{ path: '/data', source: 'data', writable: true }],
      limits: { fuel: 1_000_000n, memoryPages: 16 },
      capabilities: { clock: [], 'net.connect': ['api.example.org:443'] },
      annotations: { note: 'ä' },
    },
    module: EMPTY_MODULE,
    snapshot: smallSnapshot(),
    files: new Map([
      ['input.txt', text('hello\n')],
      ['data/a.txt', text('a')],
      ['data/empty', new Uint8Array()],
      ['data/b/same-as-a.txt', text('a')],
    ]),
    log: text('started\n'),
    ...changes,
  };
}

function smallSnapshot(): Snapshot {
  const content = new Uint8Array(3 * 4096).fill(9);
  return {
    ...snapshotOfMemory(content),
    frames: [{ instance: 0, func: 1, pc: 2, locals: [1, 2n, undefined, null], stack: [3], caught: [] }],
    hosts: { wasi: { args: ['greeter'] } },
  };
}
