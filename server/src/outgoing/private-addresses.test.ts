import { describe, expect, it } from 'vitest';
import { AddressPolicy, parseNetwork } from './private-addresses.ts';

describe('the addresses that the gateway may call', () => {
  it.each([
    ['93.184.216.34', true],
    ['2606:2800:220:1::1', true],
    ['0.0.0.0', false],
    ['10.1.2.3', false],
    ['100.64.0.1', false],
    ['127.0.0.1', false],
    ['169.254.169.254', false],
    ['172.16.0.1', false],
    ['172.32.0.1', true],
    ['192.168.1.1', false],
    ['224.0.0.1', false],
    ['255.255.255.255', false],
    ['::', false],
    ['::1', false],
    ['fc00::1', false],
    ['fd12:3456::1', false],
    ['fe80::1', false],
    ['fe80::1%eth0', false],
    ['64:ff9b::7f00:1', false],
    ['2002:7f00:1::', false],
    ['ff02::1', false],
    ['::ffff:127.0.0.1', false],
    ['::ffff:93.184.216.34', true],
    ['::ffff:7f00:1', false],
    ['::ffff:5db8:d822', false], // a form that no resolver uses
    ['0:0:0:0:0:ffff:7f00:1', false],
    ['no address', false],
  ])('%s: %s', (address, isAllowed) => {
    expect(new AddressPolicy([]).allows(address)).toBe(isAllowed);
  });

  it('include private ones that are listed, and only those', () => {
    const policy = new AddressPolicy(['10.1.0.0/16', 'fd00::1']);
    const allowed = ['10.1.2.3', '::ffff:10.1.2.3', '10.2.0.1', 'fd00::1', 'fd00::2'].map((one) => policy.allows(one));
    expect(allowed).toEqual([true, true, false, true, false]);
  });
});

it.each([
  ['10.0.0.0/8', { address: '10.0.0.0', prefix: 8, family: 'ipv4' }],
  ['10.0.0.1', { address: '10.0.0.1', prefix: 32, family: 'ipv4' }],
  ['fd00::/128', { address: 'fd00::', prefix: 128, family: 'ipv6' }],
  ['10.0.0.0/33', null],
  ['fd00::/129', null],
  ['10.0.0.0/', null],
  ['10.0.0.0/-1', null],
  ['10.0.0.0/8/8', null],
  ['example.com', null],
])('the network %s', (text, network) => {
  expect(parseNetwork(text)).toEqual(network);
});
