/** From a config to what `openNodeSecurity` takes. */
import { readFile } from 'node:fs/promises';
import { PluvioError } from '../../errors/index.ts';
import type { TokenGrant } from '../access.ts';
import type { SecuritySettings } from '../security/node-security.ts';
import type { LoadedConfig } from './load-config.ts';
import type { ConfigValues, TokenSettings } from './settings-table.ts';

/** A token out of a file. @throws PluvioError `FILE_FAILED` */
async function readToken(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PluvioError('FILE_FAILED', `cannot read token ${file}: ${reason}`, { path: file }, { cause });
  });
  return text.trim();
}

const grantOf = async ({ file, ...covers }: TokenSettings): Promise<TokenGrant> => ({
  ...covers,
  subject: file.split('/').at(-1)?.slice(0, 64) ?? 'token',
  token: await readToken(file),
});

/**
 * The static tokens of a config. A token file that was asked for by a flag stands alone: the variable then is the client's.
 * @throws PluvioError `FILE_FAILED`
 */
export async function tokensOf({ values, origins }: LoadedConfig): Promise<TokenGrant[]> {
  const file = values['access.tokenFile'];
  const token = values['access.token'];
  const fromFile = file === undefined ? [] : [{ token: await readToken(file) }];
  const takesBoth = origins['access.tokenFile'].source !== 'flag';
  const fromVariable = token !== undefined && (takesBoth || file === undefined) ? [{ token }] : [];
  return [...fromFile, ...fromVariable, ...(await Promise.all(values['access.tokens'].map(grantOf)))];
}

const auditOf = (values: ConfigValues): SecuritySettings['audit'] => {
  const file = values['audit.file'];
  return file === undefined ? undefined : { file, fileBytes: values['audit.fileBytes'], files: values['audit.files'] };
};

/** @throws PluvioError `FILE_FAILED` */
export async function securitySettingsOf(config: LoadedConfig): Promise<SecuritySettings> {
  const { values } = config;
  return {
    tokens: await tokensOf(config),
    origins: values.origins,
    issuers: values['access.issuers'],
    publishers: values['trust.publishers'],
    peers: values['trust.peers'],
    seal: values['moves.seal'],
    signatureRequired: values['trust.signatureRequired'],
    grants: { all: values.grants, tenants: values.tenants },
    tls: {
      cert: values['tls.cert'],
      key: values['tls.key'],
      clientCa: values['tls.clientCa'],
      peerCa: values['tls.peerCa'],
      pins: values['tls.pins'],
    },
    audit: auditOf(values),
    encryptionKeyFile: values['encryption.keyFile'],
    secretsFile: values.secretsFile,
  };
}
