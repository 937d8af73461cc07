#!/usr/bin/env node
/**
 * Writes the reference pages that are generated from tables and doc comments in the code: `node
 * scripts/docs.mjs` after a build. A test fails if a page is outdated.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import openapiTS, { astToString } from 'openapi-typescript';
import { CLIENT_ERRORS, CLIENT_REMEDIES, ERRORS, OUTBOX_ERRORS } from '../protocol/dist/index.js';
import { describeApi } from '../server/dist/api/openapi/describe.js';
import { configReference } from '../server/dist/config/reference.js';
import { EventBus } from '../server/dist/events.js';
import { Metrics } from '../server/dist/observe/metrics.js';
import { apiReference } from './src/api.mjs';

const docs = new URL('../docs/', import.meta.url);

const RANGES = [
  [4000, 'Temporary: reconnect with backoff'],
  [4100, 'The token: fetch a new one, then reconnect'],
  [4200, 'Final: do not reconnect'],
  [4300, 'Refusal of one command: never closes a connection'],
];

function errorRows(from) {
  return Object.entries(ERRORS)
    .filter(([, { code }]) => code >= from && code < from + 100)
    .map(([name, error]) => {
      const retry = error.retryable ? 'yes' : 'no';
      return `| <a id="${name}"></a>${error.code} | \`${name}\` | ${error.message} | ${error.remedy} | ${retry} | ${error.status} |`;
    });
}

function errorsPage() {
  const sections = RANGES.map(
    ([from, title]) => `## ${from}–${from + 99}: ${title}

| code | name | message | what to do | retryable | HTTP |
| --- | --- | --- | --- | --- | --- |
${errorRows(from).join('\n')}
`,
  );
  const client = Object.entries({ ...CLIENT_ERRORS, ...OUTBOX_ERRORS }).map(
    ([name, { code, message, retryable }]) =>
      `| <a id="${name}"></a>${code} | \`${name}\` | ${message} | ${CLIENT_REMEDIES[name]} | ${retryable ? 'yes' : 'no'} |`,
  );
  return `# Errors and close codes

Generated from \`protocol/src/codes.ts\`. Programs compare \`name\`; people read \`message\`, which often says more than the sentence
here: which verb on which channel, which field and what it must be. When a connection closes, the code's range says what a client does.
Every error has a remedy (\`remedy\`) and a link to this page (\`docs\`, for example \`docs/errors.md#token_expired\`).

${sections.join('\n')}
## 4400–4499: In the client library, never on the wire

| code | name | message | what to do | retryable |
| --- | --- | --- | --- | --- |
${client.join('\n')}

## Gaps

A gap is not an error: it is the place where messages are missing, because the gateway could not deliver them. A subscription is notified by \`onGap\`, the
client by its event \`gap\`, and when nobody listens the console says it.

| reason | what happened | what to do |
| --- | --- | --- |
| \`no_history\` | the channel keeps no log, and the connection was lost or too slow for a moment | load the data again; or add \`history\` to the channel's rule |
| \`retention\` | the log no longer has the missed messages | load the data again; or keep more in the rule's \`history\` |
| \`purged\` | a backend removed the missed messages | load the data again |
| \`epoch_changed\` | the log began a new epoch: a gateway with the memory engine restarted, or the log was deleted | load the data again |
| \`slow_reader\` | the connection reads too slowly, and the rule's \`slow\` is not \`replay\` | load the data again; subscribe to fewer channels |
`;
}

async function metricsPage() {
  const text = await new Metrics(new EventBus(), { channels: () => 0 }).text();
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  const rows = [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map(
    ([, name, help]) => `| \`${name}\` | ${types.get(name)} | ${help} |`,
  );
  return `# Metrics

Generated from \`server/src/observe/metrics.ts\`. The gateway serves them in the format of Prometheus at \`/metrics\`, to anybody who can reach its port:
let your proxy keep that path inside.

| metric | type | meaning |
| --- | --- | --- |
${rows.join('\n')}
`;
}

/** Every generated page, by file name. */
export async function pages() {
  return {
    'errors.md': errorsPage(),
    'configuration.md': configReference(),
    'metrics.md': await metricsPage(),
  };
}

/** The description of the HTTP API, and the types of its operations for @sluice/backend, by path. */
export async function httpApi() {
  const document = describeApi();
  const types = await openapiTS(document, { alphabetize: true, immutable: true });
  const head = '// Generated from the routes of the gateway by "node scripts/docs.mjs".\n\n';
  return {
    'docs/openapi.json': `${JSON.stringify(document, null, 1)}\n`,
    'backend/src/openapi.ts': `${head}${astToString(types)}`,
  };
}

/** The stored page; empty if it does not exist. */
export function current(name) {
  try {
    return readFileSync(new URL(name, docs), 'utf8');
  } catch {
    return '';
  }
}

/** The existing pages of docs/api. */
export function currentApi() {
  return readdirSync(new URL('api/', docs)).sort();
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [name, text] of Object.entries(await pages())) writeFileSync(new URL(name, docs), text);
  for (const [name, text] of Object.entries(await httpApi())) writeFileSync(new URL(`../${name}`, docs), text);
  const { pages: api, undocumented } = await apiReference();
  rmSync(new URL('api/', docs), { recursive: true, force: true });
  mkdirSync(new URL('api/', docs));
  for (const [name, text] of Object.entries(api)) writeFileSync(new URL(`api/${name}`, docs), text);
  for (const complaint of undocumented) console.warn(complaint);
}
