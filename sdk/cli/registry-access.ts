/** How a command speaks to a registry: credentials, addresses, trust, progress. */
import type { TrustPolicy } from '../../runtime/bundle/index.ts';
import { originOf, type RegistryAccess, type RegistryReference } from '../../runtime/bundle/registry/index.ts';
import { dockerCredentials, openRegistryFetch } from '../../runtime/node/registry/index.ts';
import { parsePublicKey } from '../../runtime/node/security/index.ts';
import type { OptionValues } from './command.ts';
import { isSet, listOf } from './option-values.ts';
import { Progress } from './progress.ts';

/** The registry may be at any address; what it leads to must be public, or allowed. */
export function registryAccess(options: OptionValues, { registry }: RegistryReference): RegistryAccess {
  const plainHttp = isSet(options, 'plainHttp');
  const { fetch } = openRegistryFetch({
    trusted: new URL(originOf(registry, plainHttp)).origin,
    allowPrivate: listOf(options, 'allowPrivate'),
  });
  return { fetch, credentials: dockerCredentials(), plainHttp };
}

/** Whose bundles are taken. @throws PluvioError `KEY_INVALID` */
export function trustOf(options: OptionValues): TrustPolicy {
  const keys = listOf(options, 'trust').map(parsePublicKey);
  const signatureRequired = isSet(options, 'requireSignature') || keys.length > 0;
  return keys.length > 0 ? { keys, signatureRequired } : { signatureRequired };
}

/** Shows how far a pull is. */
export function pullProgress(
  text: string,
  options: OptionValues,
): { readonly onTotal: (bytes: number) => void; readonly onBytes: (bytes: number) => void } {
  let progress: Progress | undefined;
  let leftBytes = 0;
  return {
    onTotal: (bytes) => {
      leftBytes = bytes;
      progress = new Progress(`pulling ${text}`, bytes, isSet(options, 'progress'));
    },
    onBytes: (bytes) => {
      progress?.add(bytes);
      leftBytes -= bytes;
      if (leftBytes === 0) progress?.end();
    },
  };
}
