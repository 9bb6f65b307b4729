// Compiles the SDK and the program with the rustc of $RUSTC, or that on PATH, for the target of WASI 0.1 that it has; with --test the tests.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';

const rustc = process.env.RUSTC ?? 'rustc';

function fail(message) {
  console.error(message);
  process.exit(1);
}

function hasTarget(target) {
  try {
    const stdio = ['ignore', 'pipe', 'ignore'];
    return existsSync(
      execFileSync(rustc, ['--print', 'target-libdir', '--target', target], { stdio, encoding: 'utf8' }).trim(),
    );
  } catch (error) {
    if (error.code === 'ENOENT') fail(`${rustc} is not there; install Rust, or name its compiler in $RUSTC`);
    return false; // one that it does not know
  }
}

// The first since Rust 1.78, the second before.
const target = ['wasm32-wasip1', 'wasm32-wasi'].find(hasTarget);
if (target === undefined) {
  fail(
    `${rustc} has no target of WASI 0.1; \`rustup target add wasm32-wasip1\` installs it, on Debian the package libstd-rust-dev-wasm32`,
  );
}

const sdk = dirname(createRequire(import.meta.url).resolve('pluvio/package.json')) + '/sdk/rust';
const options = ['--edition', '2021', '--target', target, '-O', `--remap-path-prefix=${sdk}=pluvio`];
const library = ['--crate-type', 'rlib', '--crate-name', 'pluvio', '-o', 'build/libpluvio.rlib', `${sdk}/src/lib.rs`];
const program = ['-C', 'strip=debuginfo', '--extern', 'pluvio=build/libpluvio.rlib'];
const output = process.argv.includes('--test')
  ? ['--test', '-o', 'build/tests.wasm']
  : ['--crate-type', 'cdylib', '-o', 'build/{{name}}.wasm'];
try {
  execFileSync(rustc, [...options, ...library], { stdio: 'inherit' });
  execFileSync(rustc, [...options, ...program, ...output, 'src/lib.rs'], { stdio: 'inherit' });
} catch {
  process.exit(1); // rustc has said why
}
