import { describe, expect, it } from 'vitest';
import type { FileMount } from '../bundle/index.ts';
import { filesOf } from './program.ts';

const files = new Map(
  ['site/index.html', 'site/img/a.png', 'sitemap', 'data.txt'].map((path) => [path, new Uint8Array()]),
);
const placed = (mounts?: readonly FileMount[]): string[] => {
  const manifest = { schemaVersion: 1, name: 'a', ...(mounts ? { files: mounts } : {}) } as const;
  return Object.keys(filesOf({ manifest, module: new Uint8Array(), files })).sort();
};

describe('filesOf', () => {
  it('puts all files below the root if nothing else is said', () => {
    expect(placed()).toEqual(['data.txt', 'site/img/a.png', 'site/index.html', 'sitemap']);
  });

  it('puts files and folders where the manifest mounts them', () => {
    expect(
      placed([
        { path: '/www', source: 'site' },
        { path: '/etc/config', source: 'data.txt' },
      ]),
    ).toEqual(['etc/config', 'www/img/a.png', 'www/index.html']);
    expect(placed([{ path: '/', source: 'site' }])).toEqual(['img/a.png', 'index.html']);
    expect(placed([])).toEqual([]);
  });
});
