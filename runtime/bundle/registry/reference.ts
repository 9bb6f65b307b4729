/** Names of bundles in registries: `host[:port]/repository[:tag][@digest]` (OCI distribution specification 1.1, "Pulling manifests"). */
import { PluvioError } from '../../errors/index.ts';
import { type Digest, isDigest } from '../digest.ts';

/** `host/repository:tag` or `host/repository@digest`, taken apart. */
export interface RegistryReference {
  /** Host name and, if given, port. */
  readonly registry: string;
  readonly repository: string;
  /** Absent only where there is a digest. */
  readonly tag?: string;
  readonly digest?: Digest;
}

const SCHEME = 'oci://';
const MAX_LENGTH = 512;
const MAX_REPOSITORY_LENGTH = 255;
const DEFAULT_TAG = 'latest';
const REGISTRY = /^(?:\[[0-9a-fA-F:]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?)(?::[0-9]{1,5})?$/;
const REPOSITORY_PART = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
/** A first part that is a host rather than a folder. */
const IS_HOST = /[.:]|^localhost$/;

interface Parts {
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function partsOf(text: string): Parts {
  const [name = '', ...digests] = text.split('@');
  const slash = name.indexOf('/');
  const path = name.slice(slash + 1);
  const colon = path.indexOf(':');
  return {
    registry: slash < 0 ? '' : name.slice(0, slash),
    repository: colon < 0 ? path : path.slice(0, colon),
    tag: colon < 0 ? undefined : path.slice(colon + 1),
    digest: digests.length === 0 ? undefined : digests.join('@'),
  };
}

function faultOf({ registry, repository, tag, digest }: Parts): string | undefined {
  if (!REGISTRY.test(registry) || !IS_HOST.test(registry)) return `its registry is ${JSON.stringify(registry)}`;
  if (repository.length > MAX_REPOSITORY_LENGTH || !repository.split('/').every((part) => REPOSITORY_PART.test(part)))
    return `its repository is ${JSON.stringify(repository)}`;
  if (tag !== undefined && !TAG.test(tag)) return `its tag is ${JSON.stringify(tag)}`;
  if (digest !== undefined && !isDigest(digest)) return `its digest is ${JSON.stringify(digest)}`;
  return undefined;
}

/**
 * Reads a reference; `oci://` in front is allowed. Without tag and digest the tag is `latest`.
 * @throws PluvioError `INVALID_ARGUMENT`
 */
export function parseReference(text: string): RegistryReference {
  const parts = partsOf(text.startsWith(SCHEME) ? text.slice(SCHEME.length) : text);
  const fault = text.length > MAX_LENGTH ? `it has ${text.length} characters` : faultOf(parts);
  if (fault !== undefined) {
    throw new PluvioError(
      'INVALID_ARGUMENT',
      `cannot read reference ${JSON.stringify(text.slice(0, 100))}: ${fault}; it must be host[:port]/repository[:tag][@sha256:…]`,
    );
  }
  const { registry, repository, tag, digest } = parts;
  return {
    registry,
    repository,
    ...(tag === undefined && digest !== undefined ? {} : { tag: tag ?? DEFAULT_TAG }),
    ...(isDigest(digest) ? { digest } : {}),
  };
}

/** Whether a text can only be meant as a reference: it begins with `oci://`, or names a host and a tag or digest. */
export function isReference(text: string): boolean {
  if (text.startsWith(SCHEME)) return true;
  if (text.length > MAX_LENGTH) return false;
  const parts = partsOf(text);
  return faultOf(parts) === undefined && (parts.tag !== undefined || parts.digest !== undefined);
}

export const referenceText = ({ registry, repository, tag, digest }: RegistryReference): string =>
  `${registry}/${repository}${tag === undefined ? '' : `:${tag}`}${digest === undefined ? '' : `@${digest}`}`;

const LOOPBACK = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])(?::\d+)?$/;

/** Whether a registry is on this machine, by its name. */
export const isLoopback = (registry: string): boolean => LOOPBACK.test(registry);

/** Registries that answer at another host than their name says. */
const API_HOSTS: ReadonlyMap<string, string> = new Map([['docker.io', 'registry-1.docker.io']]);

/** Where the registry's API is. Plain HTTP is for loopback, and for whom it was asked for. */
export function originOf(registry: string, isPlainHttp: boolean): string {
  return `${isPlainHttp || isLoopback(registry) ? 'http' : 'https'}://${API_HOSTS.get(registry) ?? registry}`;
}
