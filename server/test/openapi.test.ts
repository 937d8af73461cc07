import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Validator } from '@seriousme/openapi-schema-validator';
import openapiTS, { astToString } from 'openapi-typescript';
import { describe, expect, it } from 'vitest';
import { describeApi } from '../src/api/openapi/describe.ts';
import { OPERATIONS } from '../src/api/openapi/document.ts';
import { call, startManaged } from './support/managed-gateways.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const read = (path: string): string => readFileSync(at(path), 'utf8');

interface Described {
  readonly operationId: string;
  readonly summary: string;
}
const document = describeApi() as { readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>> };

/** The description itself: its reply is not described. */
const ITSELF = 'GET /api/v1/openapi.json';
const described = Object.entries(document.paths).flatMap(([path, operations]) =>
  Object.entries(operations).map(([method, operation]) => ({
    name: `${method.toUpperCase()} ${path}`,
    path,
    operation,
  })),
);
const guides = readdirSync(at('docs'))
  .filter((name) => name.endsWith('.md'))
  .map((name) => read(`docs/${name}`))
  .join('\n');

describe('the description of the HTTP API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('is served by a gateway to everybody', async () => {
    const gateway = await startManaged({ sse: true });
    const response = await fetch(`${gateway.url}/api/v1/openapi.json`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(document);
    expect((await call(gateway, '/openapi.json', { bearer: 'wrong' })).status).toBe(200);
  });

  it.each(described.map(({ name }) => name).filter((name) => name !== ITSELF))('describes in detail: %s', (name) => {
    expect(OPERATIONS[name], 'add it to server/src/api/openapi/').toBeDefined();
  });

  it('describes only routes that exist', () => {
    const names = described.map(({ name }) => name);
    expect(Object.keys(OPERATIONS).filter((name) => !names.includes(name))).toEqual([]);
  });

  it('names each operation once', () => {
    const ids = described.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each(described)('is complete in the guides: $name', ({ path }) => {
    // The guide of consumer groups writes their common beginning once.
    const short = path.replace('/api/v1/channels/{channel}/groups/{group}', '…');
    expect([path, `${short}`].some((text) => guides.includes(`${text}\``) || guides.includes(`${text}?`))).toBe(true);
  });

  it('is the one in docs/openapi.json (run "node scripts/docs.mjs" after a build)', () => {
    expect(JSON.parse(read('docs/openapi.json'))).toEqual(document);
  });

  it('gives the types of @sluice/backend (run "node scripts/docs.mjs" after a build)', async () => {
    const types = astToString(await openapiTS(document as never, { alphabetize: true, immutable: true }));
    expect(read('backend/src/openapi.ts')).toContain(types);
  });
});
