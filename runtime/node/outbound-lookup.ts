/**
 * Look-ups of names for requests that may only go to certain addresses.
 *
 * Invariant: a name is resolved once per connection, every address it gives is checked, and the connection goes to one of those: there is no
 * second look-up that could give another address. Literal addresses are not looked up and must be checked with `allowsLiteral`.
 */
import { lookup as systemLookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { AddressRule } from './outbound-http-addresses.ts';

/** Gives the addresses of a name. */
export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** The address of a host is not one that requests may go to. */
class AddressRefused extends Error {}

export class CheckedLookup {
  readonly #rule: AddressRule;
  readonly #resolve: Resolve;

  /** @param resolve Default: the system's resolver. */
  constructor(rule: AddressRule, resolve: Resolve = resolveBySystem) {
    this.#rule = rule;
    this.#resolve = resolve;
  }

  /** Whether a host of a URL is a name, which is checked when it is resolved, or an address that requests may go to. */
  allowsLiteral(hostname: string): boolean {
    const address = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
    return isIP(address) === 0 || this.#rule.allows(address);
  }

  /** As `net.connect` takes it. */
  readonly lookup: LookupFunction = (hostname, { all }, callback) => {
    this.#checkedAddresses(hostname).then(
      (addresses) => {
        const [first] = addresses;
        if (all === true) callback(null, addresses);
        else callback(null, first?.address ?? '', first?.family);
      },
      (error: unknown) => callback(error as NodeJS.ErrnoException, ''), // what a look-up fails with
    );
  };

  async #checkedAddresses(hostname: string): Promise<{ readonly address: string; readonly family: number }[]> {
    const addresses = await this.#resolve(hostname);
    if (addresses.length === 0) throw new Error(`${hostname} has no address`);
    if (!addresses.every((address) => this.#rule.allows(address))) {
      throw new AddressRefused(`${hostname} leads to an address that is not public`);
    }
    return addresses.map((address) => ({ address, family: isIP(address) }));
  }
}

async function resolveBySystem(hostname: string): Promise<readonly string[]> {
  return (await systemLookup(hostname, { all: true })).map(({ address }) => address);
}

/** Whether a request failed because of the address that its name has. */
export function isAddressRefused(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof AddressRefused) return true;
    if (at instanceof AggregateError && at.errors.some((each) => each instanceof AddressRefused)) return true;
  }
  return false;
}
