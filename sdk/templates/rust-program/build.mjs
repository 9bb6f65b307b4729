// Compiles with the rustc of $RUSTC, or that on PATH, for the target of WASI 0.1 that it has; with --test the tests.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

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

const options = ['--edition', '2021', '--target', target, '-O', '-C', 'strip=debuginfo'];
const output = process.argv.includes('--test') ? ['--test', '-o', 'build/tests.wasm'] : ['-o', 'build/{{name}}.wasm'];
try {
  execFileSync(rustc, [...options, ...output, 'src/main.rs'], { stdio: 'inherit' });
} catch {
  process.exit(1); // rustc has said why
}
