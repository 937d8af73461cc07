import { VERSION } from '../../util/version.ts';
import type { Route } from '../route.ts';
import { ACCESS_OPERATIONS } from './access.ts';
import { BRIDGE_OPERATIONS } from './bridges.ts';
import { CHANNEL_NAME, COMPONENTS } from './components.ts';
import { GROUP_OPERATIONS } from './groups.ts';
import { HOOK_OPERATIONS } from './hooks.ts';
import { MANAGE_OPERATIONS } from './manage.ts';
import { MESSAGE_OPERATIONS } from './messages.ts';
import type { Operation, Operations } from './operation.ts';
import { SCHEDULE_OPERATIONS } from './schedules.ts';
import { ref, type Schema, upTo } from './schema.ts';
import { WEBHOOK_OPERATIONS } from './webhooks.ts';

/** All operations that are described in detail. */
export const OPERATIONS: Operations = {
  ...MESSAGE_OPERATIONS,
  ...SCHEDULE_OPERATIONS,
  ...WEBHOOK_OPERATIONS,
  ...HOOK_OPERATIONS,
  ...BRIDGE_OPERATIONS,
  ...MANAGE_OPERATIONS,
  ...GROUP_OPERATIONS,
  ...ACCESS_OPERATIONS,
};

/** The paths that the description covers: those for backends. */
const COVERED = '/api/v1/';

const PARAMETERS: Readonly<Record<string, Schema>> = { channel: CHANNEL_NAME };
const LONGEST_PARAMETER = 300;

/** Describes the routes for backends: OpenAPI 3.1. */
export function openApi(routes: readonly Route[]): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    if (!route.path.startsWith(COVERED)) continue;
    paths[route.path] ??= {};
    const operations = paths[route.path] as Record<string, object>;
    operations[route.method.toLowerCase()] = describe(route);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Sluice: HTTP API',
      version: VERSION,
      description: 'The API of the realtime gateway Sluice for backends and operators. Any node answers for all nodes.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: "An API key, or a user's token (JWT)" },
      },
      schemas: COMPONENTS,
    },
  };
}

function describe(route: Route): object {
  const { method, path, summary } = route;
  const operation = OPERATIONS[`${method} ${path}`];
  const {
    id = idOf(route),
    tag,
    needs,
    status = 200,
    reply = {},
    type = JSON_TYPE,
    body,
    bodyOptional,
    failures = {},
  } = operation ?? {};
  return {
    operationId: id,
    summary,
    ...(tag === undefined ? {} : { tags: [tag] }),
    ...(needs === undefined ? {} : { description: `Needs: ${needs}.` }),
    parameters: [...pathParameters(path), ...otherParameters(operation)],
    ...(body === undefined ? {} : { requestBody: { required: bodyOptional !== true, content: json(body) } }),
    responses: {
      [status]: { description: 'Done.', content: { [type]: { schema: reply } } },
      ...Object.fromEntries(
        Object.entries(failures).map(([code, schema]) => [code, { description: 'Failed.', content: json(schema) }]),
      ),
      default: {
        description: 'Refused, or failed.',
        content: {
          ...json(ref('Error')),
          'application/problem+json': { schema: ref('Problem') },
        },
      },
    },
  };
}

const JSON_TYPE = 'application/json';
const json = (schema: Schema) => ({ [JSON_TYPE]: { schema } });

/** A name for a route that is not described in detail. */
const idOf = ({ method, path }: Route): string =>
  method.toLowerCase() +
  path
    .slice(COVERED.length - 1)
    .replace(/[/{}]+(\w)/g, (_, letter: string) => letter.toUpperCase())
    .replace(/\W/g, '');

const pathParameters = (path: string): readonly object[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    ...{ name, in: 'path', required: true },
    schema: PARAMETERS[name] ?? upTo(LONGEST_PARAMETER),
  }));

function otherParameters({ query = {}, headers = {}, required = [] }: Partial<Operation> = {}): readonly object[] {
  const at = (place: string, schemas: Readonly<Record<string, Schema>>) =>
    Object.entries(schemas).map(([name, schema]) => ({ name, in: place, required: required.includes(name), schema }));
  return [...at('query', query), ...at('header', headers)];
}
