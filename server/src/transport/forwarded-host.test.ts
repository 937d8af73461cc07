import { describe, expect, it } from 'vitest';
import { forwardedHosts } from './forwarded-host.ts';

describe('the hosts that a proxy was asked for', () => {
  it.each<[Record<string, string>, string[]]>([
    [{}, []],
    [{ 'x-forwarded-host': 'app.example.com' }, ['app.example.com']],
    [{ 'x-forwarded-host': 'evil.example, app.example.com:8443' }, ['app.example.com:8443']],
    [{ 'x-forwarded-host': ' ' }, []],
    [{ forwarded: 'for=10.0.0.1;host=app.example.com;proto=https' }, ['app.example.com']],
    [{ forwarded: 'For=10.0.0.1; Host="app.example.com:8443"' }, ['app.example.com:8443']],
    [{ forwarded: 'host=evil.example, for=10.0.0.1;host=app.example.com' }, ['app.example.com']],
    [{ forwarded: 'host=evil.example, for="a, b;host=c"' }, []],
    [{ forwarded: 'host="a\\"b"' }, ['a"b']],
    [{ forwarded: 'for=10.0.0.1;xhost=app' }, []],
    [{ 'x-forwarded-host': 'a', forwarded: 'host=b' }, ['a', 'b']],
  ])('%j: %j', (headers, expected) => {
    expect(forwardedHosts((name) => headers[name])).toEqual(expected);
  });
});
