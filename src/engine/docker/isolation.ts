/**
 * The network of a server that must not reach out, while clients of this machine reach its ports. A network that is
 * `internal` publishes none. So this is a bridge whose containers have their way out by an address that nobody has: what is
 * not for the bridge itself ends in the container, which has no right to change its routes or to make packets by hand.
 */
import * as z from 'zod';

/** Of `GET /networks/{id}`: the addresses that the daemon chose. */
export const addressesReply = z.object({
  IPAM: z.object({ Config: z.array(z.object({ Subnet: z.string(), Gateway: z.string().optional() })).nullish() }),
});

/** Addresses of one bridge. */
export interface BridgeAddresses {
  /** IPv4, as `172.18.0.0/16`. */
  subnet: string;
  /** The bridge's own. */
  gateway: string;
}

/** What the daemon chose; undefined where it did not say, or chose no IPv4. */
export function addressesOf({ IPAM }: z.output<typeof addressesReply>): BridgeAddresses | undefined {
  const config = IPAM.Config?.find(({ Subnet }) => /^\d+\.\d+\.\d+\.\d+\/\d+$/.test(Subnet));
  if (config === undefined) return undefined;
  const [gateway = ''] = (config.Gateway ?? numberToAddress(range(config.Subnet).first + 1)).split('/');
  return { subnet: config.Subnet, gateway };
}

/** The last address of the subnet that a host may have, and the bridge has not. */
export function nobodysAddress({ subnet, gateway }: BridgeAddresses): string {
  const last = numberToAddress(range(subnet).last - 1);
  return last === gateway ? numberToAddress(range(subnet).last - 2) : last;
}

/**
 * What such a network is made with beside what every one is. libnetwork's bridge takes the default route of its containers
 * from this auxiliary address, and gives it to none of them. Without masquerading nothing would find the way back, either.
 */
export function isolatedNetwork(addresses: BridgeAddresses) {
  const { subnet: Subnet, gateway: Gateway } = addresses;
  return {
    EnableIPv6: false,
    IPAM: {
      Driver: 'default',
      Config: [{ Subnet, Gateway, AuxiliaryAddresses: { DefaultGatewayIPv4: nobodysAddress(addresses) } }],
    },
    Options: { 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
  };
}

/**
 * A container on such a network asks itself for names, and nobody answers: the daemon would else ask its own servers in
 * its place, and so carry words to the outside. One try of one second, so that a program learns soon that there is none.
 */
export const isolatedNames = { Dns: ['127.0.0.1'], DnsOptions: ['timeout:1', 'attempts:1'] };

function range(subnet: string): { first: number; last: number } {
  const [address = '', length] = subnet.split('/');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(length));
  const first = number - (number % size);
  return { first, last: first + size - 1 };
}

function numberToAddress(number: number): string {
  return [24, 16, 8, 0].map((bits) => Math.floor(number / 2 ** bits) % 256).join('.');
}
