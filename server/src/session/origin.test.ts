import { describe, expect, it } from 'vitest';
import { DevAccess } from '../auth/dev-access.ts';
import { isOriginAllowed } from './origin.ts';

const allowed = (
  origin: string,
  { host = 'gate.example.com', forwardedHosts = [] as string[], origins = [] as string[], dev = false } = {},
) => isOriginAllowed({ origin, host, forwardedHosts }, origins, dev ? new DevAccess({ host, allowedHosts: [] }) : null);

describe('a page', () => {
  it.each<[string, Parameters<typeof allowed>[1], boolean]>([
    ['', {}, true],
    ['https://gate.example.com', {}, true],
    ['https://gate.example.com', { host: 'GATE.example.com' }, true],
    ['http://gate.example.com:8080', { host: 'gate.example.com:8080' }, true],
    ['https://gate.example.com:8443', {}, false],
    ['https://evil.example.com', {}, false],
    ['https://gate.example.com.evil.com', {}, false],
    ['null', {}, false],
    ['file://', {}, false],
    ['https://', {}, false],
    ['https://app.example.com', { origins: ['https://app.example.com'] }, true],
    ['http://app.example.com', { origins: ['https://app.example.com'] }, false],
    ['https://app.example.com:444', { origins: ['https://app.example.com'] }, false],
    ['https://gate.example.com', { host: 'gate.example.com:443' }, true],
    ['https://gate.example.com', { host: 'gate.example.com:8080' }, false],
    ['HTTPS://APP.example.com:443', { origins: ['https://app.example.com'] }, true],
    ['https://app.example.com/', { origins: ['https://app.example.com'] }, false],
    ['capacitor://localhost', { origins: ['capacitor://localhost'] }, true],
    ['ionic://localhost', { origins: ['capacitor://localhost'] }, false],
    ['capacitor://localhost', { host: 'localhost' }, false],
    ['http://tauri.localhost', { origins: ['http://tauri.localhost'] }, true],
    ['chrome-extension://abc', { origins: ['chrome-extension://abc'] }, true],
    ['chrome-extension://abd', { origins: ['chrome-extension://abc'] }, false],
    ['app://.', { origins: ['app://.'] }, true],
    ['file://', { origins: ['file://'] }, true],
    ['file://', { host: '' }, false],
    ['null', { origins: ['null'] }, true],
    ['null', { origins: ['file://'] }, false],
    ['null', { host: 'null' }, false],
    ['https://app.example.com:8443', { host: 'gateway-1:8080', forwardedHosts: ['app.example.com:8443'] }, true],
    ['https://app.example.com', { host: 'gateway-1:8080', forwardedHosts: ['app.example.com'] }, true],
    ['https://evil.example.com', { host: 'gateway-1:8080', forwardedHosts: ['app.example.com'] }, false],
    ['https://anything', { origins: ['*'] }, true],
    ['null', { origins: ['*'] }, true],
    ['http://localhost:5173', {}, false],
    ['http://localhost:5173', { dev: true }, true],
    ['http://127.0.0.1:3000', { dev: true }, true],
    ['http://[::1]:3000', { dev: true }, true],
    ['http://localhost.evil.com', { dev: true }, false],
  ])('of %s with %j: %s', (origin, surroundings, expected) => {
    expect(allowed(origin, surroundings)).toBe(expected);
  });
});
