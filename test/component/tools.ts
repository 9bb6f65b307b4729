/** Components for tests: from text, and made of WASI 0.1 programs as their authors make them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

const CACHE = fileURLToPath(new URL('../../.cache/component-adapter/', import.meta.url));
const PACKAGE = '@bytecodealliance/jco@1.35.0';
const ADAPTER = 'package/lib/wasi_snapshot_preview1.command.wasm';

export const componentOf = (text: string): Promise<Uint8Array> => parse(text);

/** The adapter that components of WASI 0.1 commands are made with, out of npm; undefined: npm cannot be reached. */
function commandAdapter(): Uint8Array | undefined {
  const path = join(CACHE, ADAPTER);
  if (!existsSync(path)) {
    mkdirSync(CACHE, { recursive: true });
    try {
      const packed = execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', CACHE], {
        encoding: 'utf8',
      });
      execFileSync('tar', ['-xzf', join(CACHE, packed.trim()), '-C', CACHE, ADAPTER]);
    } catch {
      return undefined;
    }
  }
  return new Uint8Array(readFileSync(path));
}

export const ADAPTER_BYTES = commandAdapter();

/** Puts a WASI 0.1 command into a component. */
export const liftCommand = (module: Uint8Array): Promise<Uint8Array> =>
  componentNew(module, [['wasi_snapshot_preview1', ADAPTER_BYTES ?? new Uint8Array()]]);
