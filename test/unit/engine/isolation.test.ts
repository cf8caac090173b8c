import { describe, expect, it } from 'vitest';
import { createOptions, networkOptions } from '../../../src/engine/docker/create-options.js';
import { addressesOf, nobodysAddress } from '../../../src/engine/docker/isolation.js';

describe('the network of an isolated server', () => {
  it.each([
    { subnet: '172.18.0.0/16', gateway: '172.18.0.1', nobody: '172.18.255.254' },
    { subnet: '192.168.112.0/20', gateway: '192.168.112.1', nobody: '192.168.127.254' },
    { subnet: '10.1.2.16/28', gateway: '10.1.2.30', nobody: '10.1.2.29' },
    { subnet: '10.77.5.9/24', gateway: '10.77.5.1', nobody: '10.77.5.254' },
  ])('of $subnet leads to $nobody', ({ nobody, ...addresses }) => {
    expect(nobodysAddress(addresses)).toBe(nobody);
  });

  it('has the addresses that the daemon chose, of IPv4', () => {
    const config = [{ Subnet: 'fd00::/64' }, { Subnet: '10.1.2.0/24', Gateway: '10.1.2.1/24' }];
    expect(addressesOf({ IPAM: { Config: config } })).toEqual({ subnet: '10.1.2.0/24', gateway: '10.1.2.1' });
    const silent = [{ Subnet: '10.1.2.0/24' }];
    expect(addressesOf({ IPAM: { Config: silent } })).toEqual({ subnet: '10.1.2.0/24', gateway: '10.1.2.1' });
    expect(addressesOf({ IPAM: { Config: [] } })).toBeUndefined();
  });

  it('differs from a plain one in its way out alone', () => {
    const plain = networkOptions('mine') as Record<string, object>;
    const isolated = networkOptions('mine', { subnet: '10.1.2.0/24', gateway: '10.1.2.1' }) as Record<string, object>;
    expect(isolated).toEqual({
      ...plain,
      EnableIPv6: false,
      IPAM: {
        Driver: 'default',
        Config: [
          { Subnet: '10.1.2.0/24', Gateway: '10.1.2.1', AuxiliaryAddresses: { DefaultGatewayIPv4: '10.1.2.254' } },
        ],
      },
      Options: { ...plain.Options, 'com.docker.network.bridge.enable_ip_masquerade': 'false' },
    });
  });

  it('has the container ask nobody for names', () => {
    const ports = { grpc: 1, http: 2 };
    const spec = { name: 'mine', env: {}, labels: {}, ports, resources: { memoryMiB: 256, cpus: 1 } };
    expect(createOptions({ ...spec, network: 'isolated' }).HostConfig).toMatchObject({ Dns: ['127.0.0.1'] });
    expect(createOptions({ ...spec, network: 'bridge' }).HostConfig).not.toHaveProperty('Dns');
  });
});
