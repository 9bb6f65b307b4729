/**
 * `fetch` for registries, with a rule for where it may connect.
 *
 * Invariant: what a registry leads to (a redirect, a place of an upload, a token service) is connected to only at a public address or one that
 * was allowed; so is the registry itself, unless it is `trusted`.
 */
import { Agent, fetch as undiciFetch } from 'undici/index.js';
import type { RegistryFetch } from '../../bundle/registry/index.ts';
import { PluvioError } from '../../errors/index.ts';
import { AddressRule } from '../outbound-http-addresses.ts';
import { CheckedLookup, isAddressRefused, type Resolve } from '../outbound-lookup.ts';

export interface RegistryFetchOptions {
  /** An origin that whoever asks has named: it may be at any address. */
  readonly trusted?: string;
  /** Addresses and networks that may be connected to although they are not public. */
  readonly allowPrivate?: readonly string[];
  readonly resolve?: Resolve;
}

export interface OpenRegistryFetch {
  readonly fetch: RegistryFetch;
  close(): Promise<void>;
}

const CONNECT_MS = 10_000;
const HEAD_BYTES = 32_768;
/** Sessions have limits of their own on silence. */
const NO_LIMITS = { headersTimeout: 0, bodyTimeout: 0 } as const;

/** @throws PluvioError `INVALID_ARGUMENT` */
export function openRegistryFetch({ trusted, allowPrivate, resolve }: RegistryFetchOptions): OpenRegistryFetch {
  const checked = new CheckedLookup(new AddressRule(allowPrivate), resolve);
  const options = { maxHeaderSize: HEAD_BYTES, allowH2: false, ...NO_LIMITS };
  const free = new Agent({ ...options, connect: { timeout: CONNECT_MS } });
  const bound = new Agent({ ...options, connect: { timeout: CONNECT_MS, lookup: checked.lookup } });
  const send = undiciFetch as unknown as (url: string, init: object) => Promise<Response>; // the same interface
  return {
    fetch: async (url, init) => {
      const { origin, host, hostname } = new URL(url);
      if (origin === trusted) return send(url, { ...init, dispatcher: free });
      if (!checked.allowsLiteral(hostname)) throw refused(host);
      try {
        return await send(url, { ...init, dispatcher: bound });
      } catch (error) {
        throw isAddressRefused(error) ? refused(host) : error;
      }
    },
    close: async () => {
      await Promise.all([free.destroy(), bound.destroy()]);
    },
  };
}

const refused = (host: string): PluvioError =>
  new PluvioError(
    'REGISTRY_REFUSED',
    `cannot connect to ${host}: its address is not public; it must be, or be allowed as private`,
    { host },
  );
