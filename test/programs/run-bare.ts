import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WASI } from 'node:wasi';

/** What a WASI command is given. */
export interface CommandInput {
  readonly args?: readonly string[];
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What a WASI command leaves behind. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a WASI 0.1 command on the bare engine with Node's own WASI, in this thread: the reference that every other
 * way of running the program is compared with.
 */
export async function runBareCommand(
  name: string,
  bytes: BufferSource,
  input: CommandInput = {},
): Promise<CommandResult> {
  const dir = mkdtempSync(join(tmpdir(), 'pluvio-bare-'));
  const pathOf = (stream: string): string => join(dir, stream);
  writeFileSync(pathOf('stdin'), input.stdin ?? '');
  const stdin = openSync(pathOf('stdin'), 'r');
  const stdout = openSync(pathOf('stdout'), 'w');
  const stderr = openSync(pathOf('stderr'), 'w');
  try {
    const args = [name, ...(input.args ?? [])];
    const wasi = new WASI({
      version: 'preview1',
      args,
      env: { ...input.env },
      stdin,
      stdout,
      stderr,
      returnOnExit: true,
    });
    // Node's type for its import object is wider than the one of the JavaScript interface.
    const imports = wasi.getImportObject() as WebAssembly.Imports;
    const { instance } = await WebAssembly.instantiate(bytes, imports);
    const exitCode = wasi.start(instance);
    return { exitCode, stdout: readFileSync(pathOf('stdout'), 'utf8'), stderr: readFileSync(pathOf('stderr'), 'utf8') };
  } finally {
    for (const fd of [stdin, stdout, stderr]) closeSync(fd);
    rmSync(dir, { recursive: true });
  }
}
