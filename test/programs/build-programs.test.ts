import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { requireTool, versionOf } from '../requires.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The compiler that made the committed binaries: another one may make other bytes. */
const COMPILER = /clang version 22\.1\.8\b/;

const missing =
  requireTool('clang-22') ??
  requireTool('wasm-ld-22') ??
  (COMPILER.test(versionOf('clang-22') ?? '') ? undefined : 'the binaries were made by clang 22.1.8');

/** Some forty runs of a compiler: a quarter of a minute on an idle machine. */
const TIMEOUT_MS = 300_000;

test.skipIf(missing)(
  'the committed binaries are what their sources compile to',
  () => {
    const out = mkdtempSync(join(tmpdir(), 'pluvio-programs-'));
    try {
      execFileSync('scripts/build-programs', ['--out', out], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
      const built = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.wasm'));
      expect(built.length).toBeGreaterThan(20);
      const differing = built.filter((name) => !readFileSync(join(out, name)).equals(readFileSync(join(ROOT, name))));
      expect(differing).toEqual([]);
    } finally {
      rmSync(out, { recursive: true });
    }
  },
  TIMEOUT_MS,
);
