import { describe, expect, it } from 'vitest';
import { clientAddress } from './client-address.ts';

describe('clientAddress', () => {
  it.each<[string | undefined, string]>([
    [undefined, 'peer'],
    ['', 'peer'],
    ['unknown', 'peer'],
    ['10.0.0.1, ', 'peer'],
    ['<script>', 'peer'],
    ['10.0.0.1', '10.0.0.1'],
    ['1.1.1.1, 10.0.0.1', '10.0.0.1'],
    ['1.1.1.1,10.0.0.1 ', '10.0.0.1'],
    ['10.0.0.1:5040', '10.0.0.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:1.2.3.4', '1.2.3.4'],
    ['0:0:0:0:0:ffff:102:304', '1.2.3.4'],
    ['[::ffff:1.2.3.4]:443', '1.2.3.4'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['::1', '::1'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('of %j is %s', (forwarded, expected) => {
    expect(clientAddress(forwarded, 'peer')).toBe(expected);
  });
});
