import { checkDraft, type Draft, isChannelName, type PublishResult, toDraft } from '@sluice/protocol';
import { nanoid } from 'nanoid';
import type { Logger } from 'pino';
import { createRouter } from './api/router.ts';
import { createRoutes } from './api/routes.ts';
import { serveFolder } from './api/static-files.ts';
import { createApiKeys } from './auth/secrets.ts';
import { createVerifier, type Verifier } from './auth/token.ts';
import { Hub } from './channels/hub.ts';
import { Publishing } from './channels/publish.ts';
import { Refusal } from './channels/refusal.ts';
import { Replayer } from './channels/replay.ts';
import { Rules } from './channels/rules.ts';
import type { Config } from './config/schema.ts';
import type { Engine } from './engine/engine.ts';
import { MemoryEngine } from './engine/memory/memory-engine.ts';
import { EventBus } from './events.ts';
import { createLogger, logEvents } from './observe/log.ts';
import { Metrics } from './observe/metrics.ts';
import { createAcceptor } from './session/acceptor.ts';
import { drainSessions } from './session/drain.ts';
import { Outbox } from './session/outbox.ts';
import { Registry } from './session/registry.ts';
import type { Services } from './session/services.ts';
import { SluiceError } from './sluice-error.ts';
import type { RequestHandler } from './transport/http.ts';
import { UwsTransport } from './transport/uws.ts';
import { systemClock } from './util/clock.ts';
import { Turn } from './util/turn.ts';

/** Where a started gateway listens. */
export interface Address {
  readonly port: number;
  /** Of the HTTP side, e.g. `http://localhost:8080`; WebSockets are opened at its `/ws`. */
  readonly url: string;
}

/** Puts the gateway together: the only file that names every concrete class. */
export class Gateway {
  readonly #config: Config;
  readonly #log: Logger;
  readonly #events = new EventBus();
  readonly #engine: Engine;
  readonly #transport: UwsTransport;
  readonly #services: Services;
  readonly #verifier: Verifier;
  readonly #handler: RequestHandler;
  #state: 'idle' | 'running' | 'draining' | 'stopped' = 'idle';
  #closing: Promise<void> | undefined;

  constructor(config: Config) {
    this.#config = config;
    this.#log = createLogger(config.log);
    logEvents(this.#events, this.#log);
    this.#engine = new MemoryEngine();
    this.#verifier = createVerifier(config);
    this.#transport = createTransport(config);
    this.#services = this.#createServices();
    this.#handler = this.#createHandler();
  }

  #createServices(): Services {
    const turn = new Turn();
    const events = this.#events;
    const { log } = this.#engine;
    const replayer = new Replayer({ log, events, turn });
    const hub = new Hub({ log, fanout: this.#transport, replayer, events, turn });
    const outbox = new Outbox(turn);
    // The order matters: replies come before the messages of the subscriptions that they confirm.
    turn.atEnd(() => outbox.flush());
    turn.atEnd(() => hub.flush());
    turn.atEnd(() => replayer.run());
    turn.atEnd(() => outbox.flush());
    return {
      settings: this.#config,
      verifier: this.#verifier,
      rules: new Rules(this.#config.channels),
      hub,
      replayer,
      publishing: new Publishing({ log, events, clock: systemClock, nextId: createIds() }),
      log,
      events,
      clock: systemClock,
      outbox,
      registry: new Registry(),
    };
  }

  #createHandler(): RequestHandler {
    const { rules, publishing, verifier, hub } = this.#services;
    const { devSecret, devApiKey, apiKeys } = this.#config;
    const metrics = new Metrics(this.#events, { channels: () => hub.size });
    const routes = createRoutes({
      apiKeys: createApiKeys(apiKeys),
      verifier,
      rules,
      publishing,
      isReady: () => (this.#state === 'running' ? true : `the gateway is ${this.#state}`),
      metrics: async () => ({
        status: 200,
        headers: { 'Content-Type': metrics.contentType },
        body: await metrics.text(),
      }),
      dev: devSecret === undefined || devApiKey === undefined ? undefined : { secret: devSecret, apiKey: devApiKey },
    });
    const folder = this.#config.static;
    return createRouter({
      routes,
      events: this.#events,
      files: folder === undefined ? undefined : serveFolder(folder),
    });
  }

  /**
   * Opens the port.
   *
   * @throws Error when the port is taken, or the native server has no binary for this machine
   */
  async start(): Promise<Address> {
    if (this.#state !== 'idle') throw new Error(`the gateway is ${this.#state}; a gateway starts once`);
    await this.#engine.start((channel, epoch, message) => this.#services.hub.deliver(channel, epoch, message));
    const acceptor = createAcceptor({ services: this.#services, origins: this.#config.origins, dev: this.#config.dev });
    const port = await this.#transport.listen(acceptor, this.#handler);
    this.#state = 'running';
    const url = `http://${hostInUrl(this.#config.host)}:${port}`;
    this.#events.emit('started', { url });
    return { port, url };
  }

  /**
   * Publishes in the name of the program: rules' permissions do not apply, their limits do.
   *
   * @returns where the message stands, once the engine holds it
   * @throws SluiceError with a name of the catalogue: `channel_invalid`, `channel_unknown`, `payload_invalid`, `payload_too_large`…
   */
  async publish(channel: string, data: Draft['data'], options: Omit<Draft, 'data'> = {}): Promise<PublishResult> {
    const raw = { ...options, data };
    const fault = isChannelName(channel) ? checkDraft(raw) : ({ error: 'channel_invalid', detail: undefined } as const);
    if (fault !== null) throw new SluiceError(fault.error, fault.detail);
    const match = this.#services.rules.match(channel);
    if (match === null) throw new SluiceError('channel_unknown', `no channel rule matches "${channel}"`);
    const publication = { channel, rule: match.rule, draft: toDraft(raw), publisher: { kind: 'backend' } as const };
    const outcome = await this.#services.publishing.publish(publication);
    if (outcome instanceof Refusal) throw new SluiceError(outcome.error, outcome.detail);
    return outcome;
  }

  /**
   * Drains and stops: takes no new connections, asks those that stand to reconnect elsewhere, spread over the configured time, and resolves when all
   * is closed. Calling it again returns the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    const { registry, clock, events } = this.#services;
    this.#state = 'draining';
    this.#transport.stopListening();
    await drainSessions({ registry, clock, events, most: this.#config.drain });
    this.#transport.close();
    this.#verifier.close();
    await this.#engine.close();
    this.#state = 'stopped';
    this.#events.emit('stopped', {});
  }
}

function createTransport({ host, port, path, limits, heartbeat }: Config): UwsTransport {
  const { maxFrame, outbound } = limits;
  return new UwsTransport({ host, port, path, maxFrame, outbound, idle: heartbeat * 2, nextId: () => nanoid(12) });
}

/** Message ids: unique by the prefix of this run, and cheap to count on. */
function createIds(): () => string {
  const run = nanoid(10);
  let count = 0;
  return () => `${run}-${(++count).toString(36)}`;
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::' || host === '127.0.0.1') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
