/** From the options of a node to what decides on rights there. */
import type { TrustPolicy } from '../bundle/index.ts';
import type { TokenGrant } from './access.ts';
import type { GrantTable } from './security/grants.ts';
import {
  type NodeSecurity,
  openNodeSecurity,
  type SecurityPlace,
  type SecuritySettings,
} from './security/node-security.ts';
import type { WorkerServices } from './worker-services.ts';

/** Rights as a node is given them: all of it in `security`, or the simple ones; what is given in both ways counts together. */
export interface RightsOptions {
  /** As `securitySettingsOf` makes them of a config. */
  readonly security?: SecuritySettings;
  /** A token that covers everything. */
  readonly token?: string;
  readonly tokens?: readonly TokenGrant[];
  /** Origins of web pages that may use the API. */
  readonly origins?: readonly string[];
  /** Whose signatures uploaded bundles must carry; in place of the publishers of `security`. */
  readonly trust?: TrustPolicy;
  /** What workers are granted, in place of `security.grants`; default: nothing. */
  readonly grants?: GrantTable;
  /** The secret of a tenant, in place of `security.secretsFile`. */
  readonly secrets?: WorkerServices['secrets'];
}

const NO_SETTINGS: SecuritySettings = {
  tokens: [],
  origins: [],
  issuers: [],
  publishers: [],
  signatureRequired: false,
  peers: [],
  seal: 'offered',
  // Nothing is granted by default.
  grants: { all: {}, tenants: {} },
  tls: { pins: [] },
  audit: undefined,
  encryptionKeyFile: undefined,
  secretsFile: undefined,
};

export interface NodeRights {
  readonly security: NodeSecurity;
  readonly trust: TrustPolicy;
  readonly grants: GrantTable;
  readonly secrets: WorkerServices['secrets'];
}

/**
 * Opens what decides on rights.
 * @throws PluvioError as `openNodeSecurity`
 */
export async function openRights(options: RightsOptions, place: SecurityPlace): Promise<NodeRights> {
  const { security: settings = NO_SETTINGS, token, tokens = [], origins = [], trust, grants } = options;
  const security = await openNodeSecurity(
    {
      ...settings,
      tokens: [...settings.tokens, ...(token === undefined ? [] : [{ token }]), ...tokens],
      origins: [...settings.origins, ...origins],
      signatureRequired: settings.signatureRequired || trust?.signatureRequired === true,
    },
    place,
  );
  return {
    security,
    trust: trust ?? security.publishers.trustPolicy,
    grants: grants ?? security.grants,
    secrets: options.secrets ?? ((tenant, name) => security.secrets.get(tenant, name)),
  };
}
