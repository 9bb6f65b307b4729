/**
 * Which addresses a guest's HTTP request may be sent to: those of the public internet, and those that the operator allows.
 *
 * An address is refused unless it is known to be public. Forms of IPv6 that carry an IPv4 address (mapped, compatible, 6to4, NAT64, Teredo) are
 * none but for the mapped one, which counts as what it carries.
 */
import { BlockList, isIP } from 'node:net';
import { PluvioError } from '../errors/index.ts';

type Family = 'ipv4' | 'ipv6';

/** IANA's special-purpose registries, multicast, what is reserved, and addresses where clouds keep their metadata. */
const NOT_PUBLIC: readonly (readonly [network: string, prefix: number, family: Family])[] = [
  ['0.0.0.0', 8, 'ipv4'], // this network
  ['10.0.0.0', 8, 'ipv4'], // private
  ['100.64.0.0', 10, 'ipv4'], // shared (carrier NAT), with a metadata address
  ['127.0.0.0', 8, 'ipv4'], // loopback
  ['168.63.129.16', 32, 'ipv4'], // a cloud's host, which looks public
  ['169.254.0.0', 16, 'ipv4'], // link-local, with most metadata addresses
  ['172.16.0.0', 12, 'ipv4'], // private
  ['192.0.0.0', 24, 'ipv4'], // protocol assignments
  ['192.0.2.0', 24, 'ipv4'], // documentation
  ['192.31.196.0', 24, 'ipv4'], // AS112
  ['192.52.193.0', 24, 'ipv4'], // multicast relays
  ['192.88.99.0', 24, 'ipv4'], // 6to4 relays
  ['192.168.0.0', 16, 'ipv4'], // private
  ['192.175.48.0', 24, 'ipv4'], // AS112
  ['198.18.0.0', 15, 'ipv4'], // benchmarks
  ['198.51.100.0', 24, 'ipv4'], // documentation
  ['203.0.113.0', 24, 'ipv4'], // documentation
  ['224.0.0.0', 3, 'ipv4'], // multicast, reserved, broadcast
  ['2001::', 23, 'ipv6'], // protocol assignments, with Teredo
  ['2001:db8::', 32, 'ipv6'], // documentation
  ['2002::', 16, 'ipv6'], // 6to4
  ['2620:4f:8000::', 48, 'ipv6'], // AS112
  ['3fff::', 20, 'ipv6'], // documentation
];

/** All of IPv6 that is given out as public. */
const GLOBAL_UNICAST = ['2000::', 3] as const;
const MAPPED = ['::ffff:0:0', 96] as const;

const notPublic = new BlockList();
for (const [network, prefix, family] of NOT_PUBLIC) notPublic.addSubnet(network, prefix, family);
const globalUnicast = new BlockList();
globalUnicast.addSubnet(...GLOBAL_UNICAST, 'ipv6');
const mapped = new BlockList();
mapped.addSubnet(...MAPPED, 'ipv6');

const familyOf = (address: string): Family | undefined => {
  const version = isIP(address);
  return version === 0 ? undefined : version === 4 ? 'ipv4' : 'ipv6';
};

/** The IPv4 address that a mapped one carries. */
function carriedBy(address: string): string | undefined {
  if (isIP(address) !== 6 || !mapped.check(address, 'ipv6')) return undefined;
  const { hostname } = new URL(`http://[${address}]`); // in its one canonical form, `[::ffff:7f00:1]`
  const [high = 0, low = 0] = hostname
    .slice(1, -1)
    .split(':')
    .slice(-2)
    .map((group) => Number.parseInt(group, 16));
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

function isPublic(address: string): boolean {
  const carried = carriedBy(address);
  if (carried !== undefined) return isPublic(carried);
  const family = familyOf(address);
  if (family === undefined || notPublic.check(address, family)) return false;
  return family === 'ipv4' || globalUnicast.check(address, 'ipv6');
}

/** Says for each address whether a guest's request may go there. */
export class AddressRule {
  readonly #allowed = new BlockList();

  /**
   * @param allowPrivate Addresses and networks (`10.1.0.0/16`) that are allowed although they are not public.
   * @throws PluvioError `INVALID_ARGUMENT`
   */
  constructor(allowPrivate: readonly string[] = []) {
    for (const text of allowPrivate) this.#allow(text);
  }

  #allow(text: string): void {
    const [address = '', prefix, ...more] = text.split('/');
    const family = familyOf(address);
    const longest = family === 'ipv4' ? 32 : 128;
    const isPrefix = prefix === undefined || (/^[0-9]{1,3}$/.test(prefix) && Number(prefix) <= longest);
    if (family === undefined || !isPrefix || more.length > 0) {
      throw new PluvioError(
        'INVALID_ARGUMENT',
        `cannot allow ${JSON.stringify(text)}: it must be an address, or a network as 10.1.0.0/16`,
      );
    }
    this.#allowed.addSubnet(address, Number(prefix ?? longest), family);
  }

  allows(address: string): boolean {
    const known = carriedBy(address) ?? address;
    const family = familyOf(known);
    return family !== undefined && (isPublic(known) || this.#allowed.check(known, family));
  }
}
