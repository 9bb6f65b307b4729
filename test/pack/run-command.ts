import { spawn, type SpawnOptions } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Longest that any command of these checks may take. */
const TIMEOUT_MS = 120_000;

/** Runs a command to its end, without input. Rejects only if it cannot be started. */
export async function runCommand(
  path: string,
  args: readonly string[],
  { cwd, env }: Pick<SpawnOptions, 'cwd' | 'env'> = {},
): Promise<Ended> {
  const child = spawn(path, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: TIMEOUT_MS,
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env }),
  });
  const exit = new Promise<number | null>((resolve, reject) => void child.on('error', reject).on('close', resolve));
  const [exitCode, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { exitCode, stdout, stderr };
}

/** Runs a command that must succeed. @throws Error with what it printed, if it ends otherwise */
export async function runOrFail(
  path: string,
  args: readonly string[],
  options: Pick<SpawnOptions, 'cwd' | 'env'> = {},
): Promise<Ended> {
  const ended = await runCommand(path, args, options);
  if (ended.exitCode === 0) return ended;
  throw new Error(`${path} ${args.join(' ')}: exit code ${ended.exitCode}: ${ended.stdout}${ended.stderr}`);
}
