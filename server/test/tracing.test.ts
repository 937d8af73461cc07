import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { type Channel, type Client, createClient } from '@sluice/client';
import { consume } from '@sluice/client/queues';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import type { ConfigInput } from '../src/config/config.ts';
import { HookEndpoint } from './support/hook-endpoint.ts';
import { call, startManaged } from './support/managed-gateways.ts';
import type { RealGateway } from './support/real-gateway.ts';
import { startRedis } from './support/redis-server.ts';
import { tokenFor } from './support/tokens.ts';

type Options = { readonly template?: string };
interface Tracing {
  traceChannel<C extends Channel>(channel: C, options?: Options): C;
  traceHandler<Input, Result>(handler: (input: Input) => Result, options?: Options): (input: Input) => Result;
}

// The source of the entry, so that the test needs no build of it.
const { traceChannel, traceHandler } = await vi.importActual<Tracing>('../../client-sdk/src/tracing/index.ts');

/** Waits as long as a busy machine needs. */
const until = (check: () => unknown) => vi.waitFor(check, { timeout: 60_000 });

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
});

afterAll(async () => {
  trace.disable();
  context.disable();
  await provider.shutdown();
});

beforeEach(() => exporter.reset());

const CHANNELS: ConfigInput = {
  tracing: true,
  channels: {
    'chat:{room}': { allow: { '*': 'users' }, history: true, rate: 1_000 },
    'jobs:{kind}': { allow: { '*': 'users', consume: 'users' }, queue: {} },
    'closed:{x}': { allow: {} },
  },
};

const clients: Client[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

function open(gateway: RealGateway, user = 'ada'): Client {
  const url = `${gateway.url.replace('http', 'ws')}/ws`;
  const client = createClient({ url, WebSocket, token: () => tokenFor(user) });
  clients.push(client);
  return client;
}

const spans = (name: string): ReadableSpan[] => exporter.getFinishedSpans().filter((span) => span.name === name);
const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;
const HEADER = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('the spans of a message', () => {
  it('lead from an HTTP request through the gateway to the handler of a client', async () => {
    const gateway = await startManaged(CHANNELS);
    const seen: unknown[] = [];
    const channel = traceChannel(open(gateway).channel('chat:a'), { template: 'chat:{room}' });
    await channel.subscribe((message) => seen.push([message.data, trace.getActiveSpan()?.spanContext().traceId])).ready;
    const body = { channel: 'chat:a', data: 'Hello' };
    const { json } = await call(gateway, '/publish', { body, headers: { traceparent: HEADER } });
    await until(() => expect(spans('process chat:{room}')).toHaveLength(1));

    const [publish] = spans('publish chat:{room}');
    const [process] = spans('process chat:{room}');
    expect(publish?.kind).toBe(SpanKind.PRODUCER);
    expect(publish?.parentSpanContext).toMatchObject({ spanId: 'b7ad6b7169203331', isRemote: true });
    expect(publish?.attributes).toEqual({
      'messaging.system': 'sluice',
      'messaging.operation.name': 'publish',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'chat:a',
      'messaging.destination.template': 'chat:{room}',
      'messaging.message.id': json.id,
    });
    expect(process?.kind).toBe(SpanKind.CONSUMER);
    expect(process?.parentSpanContext?.spanId).toBe(idOf(publish));
    expect(process?.attributes).toMatchObject({
      'messaging.operation.name': 'process',
      'messaging.message.id': json.id,
    });
    expect(seen).toEqual([['Hello', '0af7651916cd43dd8448eb211c80319c']]);
  });

  it('lead from the publish of a client to the handler of another', async () => {
    const gateway = await startManaged(CHANNELS);
    const [ada, ben] = [open(gateway), open(gateway, 'ben')];
    await traceChannel(ben.channel('chat:a')).subscribe(() => {}).ready;
    const root = trace.getTracer('test').startSpan('click');
    await context.with(trace.setSpan(ROOT_CONTEXT, root), () => traceChannel(ada.channel('chat:a')).publish('Hi'));
    root.end();
    await until(() => expect(spans('process chat:a')).toHaveLength(1));
    const [client] = spans('publish chat:a');
    const [gatewaySpan] = spans('publish chat:{room}');
    expect(client?.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
    expect(gatewaySpan?.parentSpanContext?.spanId).toBe(idOf(client));
    expect(spans('process chat:a')[0]?.parentSpanContext?.spanId).toBe(idOf(gatewaySpan));
  });

  it('include the processing of a delivery, until its promise settles', async () => {
    const gateway = await startManaged(CHANNELS);
    const client = open(gateway);
    const finishing: (() => void)[] = [];
    const handler = traceHandler(() => new Promise<void>((resolve) => void finishing.push(resolve)));
    await consume(client.channel('jobs:mail'), handler).ready;
    await gateway.gateway.publish('jobs:mail', 1);
    await until(() => expect(spans('publish jobs:{kind}')).toHaveLength(1));
    await until(() => expect(finishing).toHaveLength(1));
    expect(spans('process jobs:mail')).toEqual([]);
    finishing[0]?.();
    await until(() => expect(spans('process jobs:mail')).toHaveLength(1));
    expect(spans('process jobs:mail')[0]?.parentSpanContext?.spanId).toBe(idOf(spans('publish jobs:{kind}')[0]));
  });

  it('say what failed', async () => {
    const gateway = await startManaged({
      ...CHANNELS,
      channels: { ...CHANNELS.channels, 'small:a': { allow: { '*': 'users' }, maxPayload: 1_024 } },
    });
    const client = open(gateway);
    await expect(traceChannel(client.channel('small:a')).publish('x'.repeat(2_000))).rejects.toThrow();
    expect(spans('publish small:a').map(({ attributes, status }) => [attributes['error.type'], status.code])).toEqual([
      ['payload_too_large', SpanStatusCode.ERROR], // of the gateway
      ['payload_too_large', SpanStatusCode.ERROR], // of the client
    ]);
    const failing = traceHandler(() => {
      throw new TypeError('a bug');
    });
    expect(() => failing({ id: 'x', channel: 'chat:a' })).toThrow('a bug');
    expect(spans('process chat:a')[0]?.attributes['error.type']).toBe('TypeError');
  });

  it('are none for what is not permitted, and none without the option', async () => {
    const gateway = await startManaged(CHANNELS);
    await expect(open(gateway).channel('closed:a').publish(1)).rejects.toThrow();
    const other = await startManaged({ ...CHANNELS, tracing: false });
    await other.gateway.publish('chat:a', 1);
    await call(other, '/publish', { body: { channel: 'chat:a', data: 1 }, headers: { traceparent: HEADER } });
    expect(exporter.getFinishedSpans()).toEqual([]);
    const { json } = await call(other, '/channels/chat:a/messages');
    expect(json.messages.map((message: { trace?: string }) => message.trace)).toEqual([undefined, HEADER]);
  });

  it('belong to the active span of a program that embeds the gateway', async () => {
    const gateway = await startManaged(CHANNELS);
    const root = trace.getTracer('test').startSpan('job');
    await context.with(trace.setSpan(ROOT_CONTEXT, root), () => gateway.gateway.publish('chat:a', 1));
    expect(spans('publish chat:{room}')[0]?.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
  });

  it('are those of a batch, one by one', async () => {
    const gateway = await startManaged(CHANNELS);
    const body = { channels: ['chat:a', 'chat:b', 'closed:c'], data: 1 };
    await call(gateway, '/publish', { body, headers: { traceparent: HEADER } });
    expect(spans('publish chat:{room}').map(({ attributes }) => attributes['messaging.destination.name'])).toEqual([
      'chat:a',
      'chat:b',
    ]);
  });

  it('includes the call of a hook, which continues the trace', async () => {
    const endpoint = await HookEndpoint.start(() => ({ allow: true }));
    const keys = [{ key: `whsec_${Buffer.alloc(32, 7).toString('base64')}` }];
    const gateway = await startManaged({
      ...{ ...CHANNELS, privateTargets: ['127.0.0.0/8'] },
      hooks: { app: { url: endpoint.url, on: ['publish'], keys } },
    });
    await open(gateway).channel('chat:a').publish(1, { trace: HEADER });
    const [span] = spans('publish chat:{room}');
    expect(endpoint.requests[0]?.headers.traceparent).toBe(`00-0af7651916cd43dd8448eb211c80319c-${idOf(span)}-01`);
    await endpoint.close();
  });

  it('crosses the nodes of a cluster on Redis', async () => {
    const { url } = await startRedis();
    const redis = { ...CHANNELS, engine: 'redis', redis: { url } } as const;
    const [one, two] = [await startManaged({ ...redis, node: 'one' }), await startManaged({ ...redis, node: 'two' })];
    await traceChannel(open(two).channel('chat:a')).subscribe(() => {}).ready;
    await call(one, '/publish', { body: { channel: 'chat:a', data: 1 }, headers: { traceparent: HEADER } });
    await until(() => expect(spans('process chat:a')).toHaveLength(1));
    const [publish] = spans('publish chat:{room}');
    expect(spans('process chat:a')[0]?.parentSpanContext?.spanId).toBe(idOf(publish));
  });
});
