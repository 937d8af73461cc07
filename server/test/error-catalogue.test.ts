import { CLIENT_ERRORS, ERRORS } from '@sluice/protocol';
import { describe, expect, it } from 'vitest';
import { sources } from './support/sources.ts';

/** The files that define the errors. */
const DEFINITIONS = ['connection-errors', 'command-errors', 'client-errors'].map((name) => `protocol/src/${name}.ts`);
const code = ['server/src', 'client-sdk/src', 'protocol/src']
  .flatMap(sources)
  .filter(({ path }) => !DEFINITIONS.includes(path));
const known = new Set([...Object.keys(ERRORS), ...Object.keys(CLIENT_ERRORS)]);

/** Patterns of the places that name an error. */
const USES =
  /(?:new Refusal|new SluiceError|errorBody|clientError|session\.close|refuseHandshake\(\w+,|refuse)\(?\s*'([a-z_]+)'/g;

describe('the error catalogue', () => {
  it.each([...known])('contains only errors that are used: %s', (name) => {
    const used = code.filter(({ text }) => text.includes(`'${name}'`));
    expect(used, `no source names '${name}'`).not.toHaveLength(0);
  });

  it('contains every error that is used', () => {
    const unknown = code.flatMap(({ path, text }) =>
      [...text.matchAll(USES)]
        .map(([, name = '']) => name)
        .filter((name) => !known.has(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(unknown).toEqual([]);
  });

  it('recognizes errors in each of these places', () => {
    expect(code.flatMap(({ text }) => [...text.matchAll(USES)]).length).toBeGreaterThan(20);
  });
});
