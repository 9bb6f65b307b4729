/**
 * Credentials of registries as Docker keeps them: `config.json` with `auths`, `credHelpers`, `credsStore`, and the helpers that the latter
 * two name.
 *
 * Boundary: a file and child processes. What is read is given to the registry's session and kept nowhere.
 */
import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Credential, CredentialSource } from '../../bundle/registry/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { askHelper, checkHelperName } from './credential-helper.ts';

const CONFIG_MAX_BYTES = 4 * 2 ** 20;
/** Names under which credentials of a registry are kept besides its own. */
const OTHER_NAMES: ReadonlyMap<string, readonly string[]> = new Map([
  ['docker.io', ['index.docker.io', 'registry-1.docker.io']],
]);
/** The name that helpers know a registry by. */
const HELPER_NAMES: ReadonlyMap<string, string> = new Map([['docker.io', 'https://index.docker.io/v1/']]);

interface DockerConfig {
  readonly auths: Readonly<Record<string, unknown>>;
  readonly credHelpers: Readonly<Record<string, unknown>>;
  readonly credsStore: unknown;
}

/** Where Docker has its config: in `$DOCKER_CONFIG`, else in `~/.docker`. */
export const dockerConfigPath = (env: Readonly<Record<string, string | undefined>> = process.env): string =>
  join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'), 'config.json');

export interface DockerCredentialOptions {
  /** Default: as Docker has it; a missing file is as an empty one then. */
  readonly path?: string;
  /** How long a helper may take. */
  readonly helperMs?: number;
}

/** Credentials out of Docker's config. The source rejects with `CREDENTIALS_FAILED`. */
export function dockerCredentials({ path, helperMs }: DockerCredentialOptions = {}): CredentialSource {
  return async (registry) => {
    const config = await readConfig(path ?? dockerConfigPath(), path !== undefined);
    if (config === undefined) return undefined;
    const names = [registry, ...(OTHER_NAMES.get(registry) ?? [])];
    const helper = ownValue(config.credHelpers, names) ?? config.credsStore;
    if (helper !== undefined) {
      const found = await askHelper(checkHelperName(helper), HELPER_NAMES.get(registry) ?? registry, helperMs);
      if (found !== undefined) return found;
    }
    const auth = ownValue(config.auths, names);
    return auth === undefined ? undefined : credentialOf(auth, registry);
  };
}

async function readConfig(path: string, isNamed: boolean): Promise<DockerConfig | undefined> {
  const text = await readText(path, isNamed);
  if (text === undefined) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw failure(`${path} is not JSON`, cause);
  }
  const record = recordOf(json, path);
  return {
    auths: recordOf(record['auths'] ?? {}, `${path}, auths`),
    credHelpers: recordOf(record['credHelpers'] ?? {}, `${path}, credHelpers`),
    credsStore: record['credsStore'] === '' ? undefined : record['credsStore'],
  };
}

async function readText(path: string, isNamed: boolean): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > CONFIG_MAX_BYTES) throw failure(`${path} has ${size} bytes; it must have at most ${CONFIG_MAX_BYTES}`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof PluvioError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'no reason given';
    if (code === 'ENOENT' && !isNamed) return undefined;
    throw failure(`${path} cannot be read: ${code}`, cause);
  }
}

function recordOf(value: unknown, place: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>; // checked
  throw failure(`${place} is not an object`);
}

/** `https://host/v1/` and `host` are the same registry. */
const hostOf = (key: string): string => key.replace(/^https?:\/\//, '').replace(/\/(?:v[12]\/?)?$/, '');

function ownValue(values: Readonly<Record<string, unknown>>, names: readonly string[]): unknown {
  const own = Object.entries(values);
  return names.map((name) => own.find(([key]) => hostOf(key) === name)?.[1]).find((value) => value !== undefined);
}

function credentialOf(value: unknown, registry: string): Credential | undefined {
  const auth = recordOf(value, `the entry of ${registry} in auths`);
  const { identitytoken, username, password } = auth;
  if (typeof identitytoken === 'string' && identitytoken !== '') return { kind: 'identity', token: identitytoken };
  if (typeof auth['auth'] === 'string' && auth['auth'] !== '') return decodePair(auth['auth'], registry);
  return typeof username === 'string' && typeof password === 'string' && username !== ''
    ? { kind: 'password', user: username, password }
    : undefined;
}

function decodePair(text: string, registry: string): Credential {
  const pair = Buffer.from(text, 'base64').toString('utf8').replace(/\0+$/, '');
  const colon = pair.indexOf(':');
  if (colon < 1) throw failure(`the entry of ${registry} in auths is not the base64 of USER:PASSWORD`);
  return { kind: 'password', user: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

function failure(reason: string, cause?: unknown): PluvioError {
  return new PluvioError('CREDENTIALS_FAILED', `cannot read credentials: ${reason}`, {}, { cause });
}
