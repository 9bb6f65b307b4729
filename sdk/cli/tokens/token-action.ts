/** `pluvio token`: capability tokens without a node. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text as textOfStream } from 'node:stream/consumers';
import {
  ALL_VERBS,
  createToken,
  decodeToken,
  chainRights,
  generateSigningKey,
  IDENTITY_FILE,
  isVerb,
  narrowToken,
  readKeyFile,
  REVOCATIONS_FILE,
  type Revocation,
  revoke,
  type SigningKey,
  type TokenRequest,
  type Verb,
  writeKeyFile,
} from '../../../runtime/node/security/index.ts';
import { type CommandAction, EXIT, type OptionValues } from '../command.ts';
import { fileFailure } from '../failure.ts';
import { durationOf, formatOf, isSet, listOf, textOf } from '../option-values.ts';
import { note, printFields, printJson, printLine } from '../terminal.ts';
import { UsageError } from '../usage-error.ts';
import { dateText } from '../worker-text.ts';

const DEFAULT_LIFETIME_S = 3600;

async function readTokenFile(file: string | undefined): Promise<string> {
  if (file === undefined) throw new UsageError('a file with the token must be given, or - for standard input');
  if (file === '-') return (await textOfStream(process.stdin)).trim();
  return (
    await readFile(file, 'utf8').catch((cause: unknown) => Promise.reject(fileFailure('read token', file, cause)))
  ).trim();
}

async function keyOf(options: OptionValues): Promise<SigningKey> {
  const file = textOf(options, 'key');
  const dataDir = textOf(options, 'data');
  if (file !== undefined) return readKeyFile(file);
  if (dataDir !== undefined) return readKeyFile(join(dataDir, IDENTITY_FILE));
  throw new UsageError('--key FILE or --data DIR must say whose token it is');
}

function verbsOf(options: OptionValues): readonly Verb[] | undefined {
  const verbs = listOf(options, 'verb').flatMap((text) => text.split(','));
  const strange = verbs.find((verb) => !isVerb(verb));
  if (strange !== undefined) throw new UsageError(`--verb is "${strange}"; it must be one of ${ALL_VERBS.join(', ')}`);
  return verbs.length === 0 ? undefined : verbs.filter(isVerb);
}

function requestOf(options: OptionValues): TokenRequest {
  const expiresMs = durationOf(options, 'expires');
  const subject = textOf(options, 'subject');
  const tenant = textOf(options, 'tenant');
  const workers = listOf(options, 'worker');
  const audience = listOf(options, 'audience');
  const verbs = verbsOf(options);
  return {
    nowMs: Date.now(),
    lifetimeS: expiresMs === undefined ? DEFAULT_LIFETIME_S : Math.floor(expiresMs / 1000),
    final: isSet(options, 'final'),
    ...(subject === undefined ? {} : { subject }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(workers.length === 0 ? {} : { workers }),
    ...(audience.length === 0 ? {} : { audience }),
    ...(verbs === undefined ? {} : { verbs }),
  };
}

/** What a token says of itself; nothing is verified without the keys of its issuers. */
function factsOf(token: string): Record<string, unknown> {
  const parts = decodeToken(token);
  const { subject, tenant, workers, verbs, audience, expiresS } = chainRights(parts);
  const root = parts.steps[0];
  return {
    subject,
    issuer: root?.keyId,
    tenant: tenant ?? null,
    workers: workers ?? null,
    verbs,
    audience: audience ?? null,
    expires: dateText(expiresS * 1000),
    ids: parts.steps.map(({ claims }) => claims.jti),
    narrowable: parts.seed !== undefined,
  };
}

function printToken(token: string, options: OptionValues): number {
  if (formatOf(options) === 'json') printJson({ token, ...factsOf(token) });
  else printLine(token);
  return EXIT.ok;
}

const ACTIONS: Readonly<Record<string, CommandAction>> = {
  create: async ({ options }) => {
    const request = requestOf(options);
    if (request.subject === undefined || request.verbs === undefined) {
      throw new UsageError('create needs --subject and --verb');
    }
    return printToken(await createToken(await keyOf(options), request), options);
  },
  narrow: async ({ args: [, file], options }) =>
    printToken(await narrowToken(await readTokenFile(file), requestOf(options)), options),
  inspect: async ({ args: [, file], options }) => {
    const facts = factsOf(await readTokenFile(file));
    if (formatOf(options) === 'json') printJson(facts);
    else printFields(Object.entries(facts).map(([name, value]) => [name, factText(value)]));
    return EXIT.ok;
  },
  revoke: async ({ args: [, file], options }) => {
    const dataDir = textOf(options, 'data');
    if (dataDir === undefined) throw new UsageError('revoke needs --data DIR, the data directory of the node');
    await stat(dataDir).catch((cause: unknown) => Promise.reject(fileFailure('open', dataDir, cause)));
    const entry = await revocationOf(file, options);
    await revoke(join(dataDir, REVOCATIONS_FILE), entry);
    if (formatOf(options) === 'json') printJson(entry);
    else
      note(`revoked ${'jti' in entry ? entry.jti : `all of ${entry.issuer} before ${dateText(entry.beforeS * 1000)}`}`);
    return EXIT.ok;
  },
  key: async ({ args: [, file], options }) => {
    if (file === undefined) throw new UsageError('key needs a file');
    const isThere = await stat(file).then(
      () => true,
      () => false,
    );
    if (!isThere) await writeKeyFile(file, generateSigningKey());
    const { publicText, keyId } = await readKeyFile(file);
    if (formatOf(options) === 'json') printJson({ publicKey: publicText, keyId });
    else
      printFields([
        ['public key', publicText],
        ['key id', keyId],
      ]);
    return EXIT.ok;
  },
};

const factText = (value: unknown): string =>
  value === null
    ? 'any'
    : Array.isArray(value)
      ? value.join(' ')
      : typeof value === 'string'
        ? value
        : JSON.stringify(value);

async function revocationOf(file: string | undefined, options: OptionValues): Promise<Revocation> {
  const atS = Math.floor(Date.now() / 1000);
  const before = textOf(options, 'before');
  if (before !== undefined) {
    const beforeMs = Date.parse(before);
    if (Number.isNaN(beforeMs))
      throw new UsageError(`--before is "${before}"; it must be a date such as 2030-01-31T12:00:00Z`);
    return { issuer: (await keyOf(options)).keyId, beforeS: Math.floor(beforeMs / 1000), atS };
  }
  const jti = textOf(options, 'id') ?? decodeToken(await readTokenFile(file)).steps.at(-1)?.claims.jti;
  if (jti === undefined) throw new UsageError('revoke needs a token or --id');
  return { jti, atS };
}

export const tokenAction: CommandAction = async (input) => {
  const action = ACTIONS[input.args[0] ?? ''];
  if (action === undefined) throw new UsageError(`there is no action "${input.args[0]}"`);
  return action(input);
};
