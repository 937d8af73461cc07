import { describe, expect, it } from 'vitest';
import { importOptional, MissingPackageError, requireOptional } from './optional-package.ts';

const failure = (code: string, message: string) => Object.assign(new Error(message), { code });

const MISSING = 'The redis engine needs the package "ioredis". Run: npm install ioredis';

describe('an optional package', () => {
  it.each([
    ['ERR_MODULE_NOT_FOUND', "Cannot find package 'ioredis' imported from /app/server.js"],
    ['MODULE_NOT_FOUND', "Cannot find module 'ioredis'\nRequire stack:\n- /app/server.js"],
  ])('that is not installed is named with its install command (%s)', async (code, message) => {
    const error = failure(code, message);
    const load = () => Promise.reject(error);
    await expect(importOptional('The redis engine', 'ioredis', load)).rejects.toThrow(
      new MissingPackageError('The redis engine', 'ioredis'),
    );
    const require = Object.assign(
      () => {
        throw error;
      },
      { resolve: () => '' },
    ) as unknown as NodeJS.Require;
    expect(() => requireOptional('The redis engine', 'ioredis', require)).toThrow(MISSING);
  });

  it.each([
    [
      'lacks a package itself',
      failure('ERR_MODULE_NOT_FOUND', "Cannot find package 'denque' imported from /app/ioredis.js"),
    ],
    ['throws while it is loaded', new Error('the native binary is for another platform')],
  ])('that %s keeps its own error', async (_, error) => {
    await expect(importOptional('The redis engine', 'ioredis', () => Promise.reject(error))).rejects.toBe(error);
  });

  it('that is installed is returned', async () => {
    expect(await importOptional('A test', 'pino', () => import('pino'))).toHaveProperty('pino');
    expect(requireOptional<{ pino: unknown }>('A test', 'pino').pino).toBeTypeOf('function');
  });

  it('is really looked for', async () => {
    const name = 'a-package-that-nobody-has-installed';
    await expect(importOptional('A test', name, () => import(/* @vite-ignore */ name))).rejects.toThrow();
    expect(() => requireOptional('A test', name)).toThrow(
      `A test needs the package "${name}". Run: npm install ${name}`,
    );
  });
});
