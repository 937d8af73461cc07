import { describe, expect, it } from 'vitest';
import { DevAccess } from '../auth/dev-access.ts';
import { isOriginAllowed } from './origin.ts';

const allowed = (origin: string, { host = 'gate.example.com', origins = [] as string[], dev = false } = {}) =>
  isOriginAllowed(
    { origin, host, address: '::1', protocols: [] },
    origins,
    dev ? new DevAccess({ host, allowedHosts: [] }) : null,
  );

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
