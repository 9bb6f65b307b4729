import { spawnSync } from 'node:child_process';

/** Prints a Rust compiler that has a target of WASI, and that target. */
const RUST_WITH_WASI = `for rustc in "\${RUSTC:-rustc}" /usr/bin/rustc; do
  for target in wasm32-wasip1 wasm32-wasi; do
    libraries=$("$rustc" --print target-libdir --target $target 2>/dev/null)
    if [ -d "$libraries" ]; then echo "$rustc $target"; exit 0; fi
  done
done
exit 1`;

/** Tools that tests use when they are there: how to ask each whether it is, and what installs it. */
const TOOLS = {
  'clang-22': { probe: ['clang-22', '--version'], from: 'scripts/provision' },
  'wasm-ld-22': { probe: ['wasm-ld-22', '--version'], from: 'scripts/provision' },
  wrk: { probe: ['sh', '-c', 'command -v wrk'], from: 'scripts/provision' },
  'docker-registry': { probe: ['docker-registry', '--version'], from: 'scripts/provision' },
  htpasswd: { probe: ['sh', '-c', 'command -v htpasswd'], from: 'scripts/provision' },
  'rustc for WASI': { probe: ['sh', '-c', RUST_WITH_WASI], from: 'scripts/provision' },
  skopeo: { probe: ['skopeo', '--version'], from: 'scripts/provision' },
} as const satisfies Record<string, { readonly probe: readonly [string, ...string[]]; readonly from: string }>;

export type Tool = keyof typeof TOOLS;

/** What the tool prints about its version, or `undefined` if it is not installed. */
export function versionOf(tool: Tool): string | undefined {
  const [command, ...args] = TOOLS[tool].probe;
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** That a tool is not installed, and what installs it; `undefined`: it is there. */
export function missingTool(tool: Tool): string | undefined {
  return versionOf(tool) === undefined ? `${tool} is not installed: ${TOOLS[tool].from} installs it` : undefined;
}

/**
 * The reason to skip a test that needs `tool`, or `undefined` if the tool is there:
 * `const reason = requireTool('skopeo'); test.skipIf(reason)(…)`. With `CI=true` nothing is skipped.
 * @throws Error if the tool is missing and `CI` is `true`
 */
export function requireTool(tool: Tool): string | undefined {
  const reason = missingTool(tool);
  if (reason !== undefined && process.env['CI'] === 'true') throw new Error(reason);
  return reason;
}

/** The compiler and the target of `rustc for WASI`. Ask `requireTool` first. */
export function rustForWasi(): { readonly rustc: string; readonly target: string } {
  const [rustc = '', target = ''] = versionOf('rustc for WASI')?.split(' ') ?? [];
  return { rustc, target };
}
