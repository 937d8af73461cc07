import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterEach } from 'vitest';
import type { Parts } from '../../src/assemble.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { ACCESS, type Access, APPS, type AppName } from './app-configs.ts';
import { EventReader, type ReadEvent } from './event-reader.ts';
import type { ProtocolClient } from './protocol-client.ts';
import { type RealGateway, startGateway } from './real-gateway.ts';
import { tokenFor } from './tokens.ts';

const gateways: RealGateway[] = [];
afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
});

/** Starts a gateway with three apps, which stops when the test ends. */
export async function startApps(config: ConfigInput = {}, parts: Partial<Parts> = {}): Promise<RealGateway> {
  const gateway = await startGateway({ ...APPS, ...config }, parts);
  gateways.push(gateway);
  return gateway;
}

const hostHeader = ({ host }: Access): Record<string, string> => (host === undefined ? {} : { host });

/** Opens a WebSocket of an app, without a token. */
export async function openAt(gateway: RealGateway, app: AppName): Promise<ProtocolClient> {
  const access = ACCESS[app];
  const { client } = await gateway.open('sluice.v1.json', hostHeader(access), { path: `${access.base}/ws` });
  return client;
}

/** Connects a user to an app. */
export async function connectTo(gateway: RealGateway, app: AppName, user = 'ada'): Promise<ProtocolClient> {
  const client = await openAt(gateway, app);
  await client.result({ type: 'connect', token: await tokenFor(user, { secret: ACCESS[app].secret }) });
  return client;
}

export interface AppAnswer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests compare it as a whole
  readonly json: any;
}

interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly bearer?: string;
}

/** Sends a request to an app, with its API key. */
export async function callApp(
  gateway: { readonly port: number },
  app: AppName,
  path: string,
  call: Call = {},
): Promise<AppAnswer> {
  const access = ACCESS[app];
  const { body, method = body === undefined ? 'GET' : 'POST', bearer = access.key } = call;
  const answer = await request(gateway.port, {
    method,
    path: `${access.base}${path}`,
    headers: { Authorization: `Bearer ${bearer}`, ...hostHeader(access) },
    body: body === undefined ? '' : JSON.stringify(body),
  });
  return { ...answer, json: answer.text.startsWith('{') ? JSON.parse(answer.text) : undefined };
}

interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `fetch` does not let a program choose the host. */
function request(port: number, { method, path, headers, body }: RawRequest): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const call = httpRequest({ host: '127.0.0.1', port, method, path, headers, agent: false }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(pieces).toString() }));
    });
    call.on('error', reject);
    call.end(body);
  });
}

/** Reads the event stream of an app. */
export async function followEvents(gateway: RealGateway, app: AppName, query: string) {
  const access = ACCESS[app];
  const authorization = `Bearer ${await tokenFor('ada', { secret: access.secret })}`;
  const call = httpRequest({
    ...{ host: '127.0.0.1', port: gateway.port, path: `${access.base}/sse?${query}`, agent: false },
    headers: { authorization, ...hostHeader(access) },
  });
  call.end();
  const [response] = (await once(call, 'response')) as [IncomingMessage];
  const parser = new EventReader();
  const waiting: ReadEvent[] = [];
  const source = response.setEncoding('utf8')[Symbol.asyncIterator]();
  const next = async (event: string): Promise<ReadEvent> => {
    for (;;) {
      const at = waiting.findIndex((found) => found.event === event);
      const [found] = at === -1 ? [] : waiting.splice(0, at + 1).slice(-1);
      if (found !== undefined) return found;
      const { done, value } = await source.next();
      if (done === true) throw new Error(`the stream has ended, and brought no "${event}"`);
      waiting.push(...parser.read(value as string));
    }
  };
  await next('state');
  return { next, close: () => void call.destroy() };
}
