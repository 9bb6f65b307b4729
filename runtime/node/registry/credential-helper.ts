/** Asks a credential helper of Docker: a program that is given a registry on standard input and writes JSON. */
import { spawn } from 'node:child_process';
import type { Credential } from '../../bundle/registry/index.ts';
import { PluvioError } from '../../errors/index.ts';

const HELPER_MS = 30_000;
const OUTPUT_MAX_BYTES = 65_536;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** What helpers write when they know nothing of a registry. */
const UNKNOWN = /credentials not found/i;
/** The user name that stands for an identity token. */
const TOKEN_USER = '<token>';

/** @throws PluvioError `CREDENTIALS_FAILED` */
export function checkHelperName(name: unknown): string {
  if (typeof name === 'string' && NAME.test(name)) return name;
  throw new PluvioError(
    'CREDENTIALS_FAILED',
    `cannot read credentials: ${JSON.stringify(name)} is no name of a credential helper`,
  );
}

/**
 * What `docker-credential-NAME get` knows of a registry; undefined: nothing.
 * @throws PluvioError `CREDENTIALS_FAILED`
 */
export async function askHelper(
  name: string,
  registry: string,
  helperMs: number = HELPER_MS,
): Promise<Credential | undefined> {
  const program = `docker-credential-${name}`;
  const { output, exitCode } = await run(program, registry, helperMs);
  if (exitCode !== 0) {
    if (UNKNOWN.test(output)) return undefined;
    throw failure(program, `ended with ${exitCode ?? 'a signal'}`);
  }
  try {
    const answer = JSON.parse(output) as { readonly Username?: unknown; readonly Secret?: unknown } | null;
    const user = answer?.Username;
    const secret = answer?.Secret;
    if (typeof user === 'string' && typeof secret === 'string') {
      if (user === '' && secret === '') return undefined;
      return user === TOKEN_USER ? { kind: 'identity', token: secret } : { kind: 'password', user, password: secret };
    }
  } catch {
    // told below
  }
  throw failure(program, 'wrote no JSON with Username and Secret');
}

function run(
  program: string,
  input: string,
  helperMs: number,
): Promise<{ readonly output: string; readonly exitCode: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['get'], { stdio: ['pipe', 'pipe', 'ignore'] });
    const pieces: Buffer[] = [];
    let sizeBytes = 0;
    const end = (): void => {
      child.kill('SIGKILL');
      child.stdout.destroy(); // what it started may still hold it
    };
    const timer = setTimeout(end, helperMs);
    child.stdout.on('data', (piece: Buffer) => {
      sizeBytes += piece.length;
      if (sizeBytes <= OUTPUT_MAX_BYTES) pieces.push(piece);
      else end();
    });
    child.stdin.on('error', () => undefined); // it may end without reading
    child.once('error', (cause) => {
      clearTimeout(timer);
      reject(failure(program, 'could not be started; it must be in PATH', cause));
    });
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ output: Buffer.concat(pieces).toString('utf8'), exitCode });
    });
    child.stdin.end(input);
  });
}

const failure = (program: string, reason: string, cause?: unknown): PluvioError =>
  new PluvioError('CREDENTIALS_FAILED', `cannot read credentials: ${program} ${reason}`, {}, { cause });
