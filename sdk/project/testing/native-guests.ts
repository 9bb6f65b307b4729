/** Compiles guests in C and Rust with the guest SDKs of this checkout, for tests. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { rustForWasi } from '../../../test/requires.ts';

const run = promisify(execFile);
const C_SDK = fileURLToPath(new URL('../../c/', import.meta.url));
const RUST_SDK = fileURLToPath(new URL('../../rust/src/lib.rs', import.meta.url));

/** `service`: its exports are called; `command`: it has a `main`. */
export type GuestKind = 'service' | 'command';

async function inFolder(run: (folder: string) => Promise<void>): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'pluvio-guest-'));
  try {
    await run(folder);
    return await readFile(join(folder, 'guest.wasm'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws Error with what rustc says; warnings are errors */
export const compileRust = (source: string, kind: GuestKind): Promise<Uint8Array> =>
  inFolder(async (folder) => {
    const { rustc, target } = rustForWasi();
    const common = ['--edition', '2021', '--target', target, '-D', 'warnings', '--out-dir', folder];
    await run(rustc, [...common, '--crate-type', 'rlib', '--crate-name', 'pluvio', RUST_SDK]);
    await writeFile(join(folder, 'guest.rs'), source);
    const type = kind === 'service' ? 'cdylib' : 'bin';
    const link = ['--crate-type', type, '-C', 'strip=debuginfo', '--extern', `pluvio=${folder}/libpluvio.rlib`];
    await run(rustc, [...common, ...link, join(folder, 'guest.rs')]);
  });

/** @throws Error with what clang says; warnings are errors */
export const compileC = (source: string, kind: GuestKind): Promise<Uint8Array> =>
  inFolder(async (folder) => {
    await writeFile(join(folder, 'guest.c'), source);
    const model = kind === 'service' ? ['-mexec-model=reactor'] : [];
    const warnings = ['-Wall', '-Wextra', '-Werror', '-Wno-deprecated', '--no-wasm-opt'];
    const files = ['-I', C_SDK, '-o', join(folder, 'guest.wasm'), join(folder, 'guest.c')];
    await run('clang-22', ['--target=wasm32-wasi', ...model, '-O2', ...warnings, ...files]);
  });
