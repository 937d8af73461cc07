import type { Address } from './address.ts';
import { Apps } from './apps.ts';
import type { Assembly } from './assemble.ts';
import { DevAccess } from './auth/dev-access.ts';
import type { Cluster } from './cluster/cluster.ts';
import type { Config } from './config/schema.ts';
import type { Engine, Signal } from './engine/engine.ts';
import { EngineStart } from './engine/engine-start.ts';
import { checkEngine } from './engine-checks.ts';
import { engineListener } from './engine-listener.ts';
import { GatewayReload } from './gateway-reload.ts';
import { createHttpSide } from './http-side.ts';
import type { DescriptorWatch } from './observe/descriptors.ts';
import { EngineWatch } from './observe/engine-watch.ts';
import { Program } from './program.ts';
import { ProgramManage } from './program-manage.ts';
import type { NodeReload, ReloadReport, StagedReload } from './reload.ts';
import { createAcceptor } from './session/acceptor.ts';
import { type Admit, createAdmission } from './session/admission.ts';
import { drainSessions } from './session/drain.ts';
import type { Services } from './session/services.ts';
import { createSse } from './sse/sse.ts';
import { OpenRequests } from './transport/open-requests.ts';
import type { Transport } from './transport/transport.ts';
import { ClockSteps } from './util/clock-steps.ts';
import { hostInUrl } from './util/host-in-url.ts';
import { runAll, waitForAll } from './util/run-all.ts';

/**
 * Milliseconds until a drain that was requested over HTTP begins, so that its caller receives the
 * reply.
 */
const ANSWERED = 500;

/** One of several apps in a gateway, for the program that embeds it. */
export type GatewayApp = Program & Pick<Gateway, 'manage'>;

/** A gateway, from its start to its end. */
export class Gateway extends Program {
  /**
   * What there is on all nodes, and what can be done about it: nodes, channels, users, connections.
   *
   * @example
   * ```ts
   * await gateway.manage.disconnect('ada', { reason: 'Signed out on another device.' });
   * const { online } = await gateway.manage.user('ada');
   * ```
   */
  readonly manage: ProgramManage;
  readonly #assembly: Assembly;
  readonly #config: Config;
  readonly #engine: Engine;
  readonly #transport: Transport;
  readonly #services: Services;
  readonly #cluster: Cluster;
  readonly #admission: Admit;
  readonly #reload: GatewayReload;
  readonly #sse: ReturnType<typeof createSse>;
  readonly #http: OpenRequests;
  readonly #watch: EngineWatch;
  readonly #engineStart: EngineStart;
  readonly #descriptors: DescriptorWatch | undefined;
  readonly #clockSteps: ClockSteps;
  readonly #access: DevAccess | null;
  readonly #apps: Apps;
  #state: 'idle' | 'starting' | 'running' | 'draining' | 'stopped' = 'idle';
  #starting: Promise<Address> | undefined;
  #closing: Promise<void> | undefined;
  #drained: Promise<void> | undefined;
  #tellStopped: () => void = () => {};
  readonly #stopped = new Promise<void>((resolve) => {
    this.#tellStopped = resolve;
  });

  constructor(assembly: Assembly) {
    const { config, engine, transport, services, cluster } = assembly;
    super(services, engine.revocations);
    this.#assembly = assembly;
    this.#config = config;
    this.#engine = engine;
    this.#transport = transport;
    this.#services = services;
    this.#cluster = cluster;
    this.#access = config.dev ? new DevAccess(config) : null;
    this.#apps = new Apps(
      assembly.apps.map(({ name, assembly: own }) => {
        const gateway = new Gateway(own);
        return {
          ...{ name, gateway, reload: gateway.#reload.reload },
          drain: () => gateway.#drain(),
          whyClosed: () => gateway.#whyClosed,
        };
      }),
    );
    this.#admission = createAdmission({
      services,
      origins: config.origins,
      dev: this.#access,
      descriptors: assembly.descriptors,
      isDraining: () => this.#state === 'draining' || this.#state === 'stopped',
      isWaiting: () => this.#engineStart.waitingFor !== undefined,
    });
    this.#reload = new GatewayReload({
      ...assembly,
      ...assembly.reloading,
      apps: this.#apps,
      isStarting: () => this.#engineStart.waitingFor !== undefined,
      replaceSecrets: (next) => this.#sse?.replaceSecrets(next),
    });
    const { reloadAll = () => this.#reload.reload.again() } = assembly;
    cluster.answer('reload', reloadAll);
    const reload = () => cluster.ask<NodeReload>('reload', null);
    this.#sse = createSse({ ...assembly, access: this.#access, admit: this.#admission });
    const http = createHttpSide({
      ...assembly,
      access: this.#access,
      apiKeys: assembly.reloading.apiKeys,
      reload,
      isReady: () => this.#isReady(),
      sse: this.#sse,
    });
    this.#http = new OpenRequests(http);
    const drain = (node: string) => engine.signal({ type: 'drain', node });
    this.manage = new ProgramManage({
      ...assembly,
      issueTicket: this.#sse?.tickets.issue,
      process: this.#assembly.isNamed ? undefined : { drain, reload },
    });
    this.#descriptors = assembly.isNamed ? undefined : assembly.descriptors;
    this.#watch = new EngineWatch(engine, services);
    this.#engineStart = this.#createEngineStart();
    this.#clockSteps = new ClockSteps(services.clock, (by) => {
      services.events.emit('clockSet', { by: Math.round(by) });
      for (const session of services.registry.all()) session.clockSet();
      services.schedules.reckon();
    });
  }

  /** Why it accepts no connections, whatever its engine can store at the moment. */
  get #whyClosed(): string | undefined {
    return this.#state === 'running' ? this.#engineStart.waitingFor : `the gateway is ${this.#state}`;
  }

  #isReady(): true | string {
    return this.#whyClosed ?? this.#engine.trouble ?? this.#apps.whyClosed ?? true;
  }

  #createEngineStart(): EngineStart {
    const { events, clock, requests } = this.#services;
    const engine = this.#engine;
    const listener = engineListener(engine, this.#services, (signal) => this.#handleSignal(signal));
    return new EngineStart({
      engine,
      clock,
      steps: [
        () => engine.start(listener),
        () => this.#assembly.revoking.start(),
        () => requests.start(),
        () => this.#cluster.start(),
        () => this.#reload.startSchedules(),
        () => this.#reload.startWebhooks(),
        () => this.#assembly.bridges.run(),
      ],
      failed: (error) => events.emit('fault', { where: 'the start of the engine', error }),
    });
  }

  /**
   * Opens the port. If the engine is a Redis that is away, the gateway waits for it: until Redis
   * answers, `/health/ready` says why, and clients and commands get `unavailable`.
   *
   * @throws Error if the port is in use, or if the native server has no binary for this machine
   */
  start(): Promise<Address> {
    if (this.#state !== 'idle') {
      return Promise.reject(new Error(`the gateway is ${this.#state}; a gateway starts once`));
    }
    this.#state = 'starting';
    this.#starting = this.#open();
    return this.#starting;
  }

  async #open(): Promise<Address> {
    const { host } = this.#config;
    try {
      checkEngine(this.#engine, this.#config);
      await this.#assembly.bridges.load();
      await this.#apps.start();
      await this.#engineStart.begin();
      const acceptor = createAcceptor({
        services: this.#services,
        admission: this.#admission,
        arrivals: this.#assembly.arrivals,
        descriptors: this.#descriptors,
        ...(this.#assembly.wires && { wires: this.#assembly.wires }),
      });
      const port = await this.#transport.listen(acceptor, this.#http);
      this.#state = 'running';
      this.#watch.start();
      this.#clockSteps.start();
      const url = `http://${hostInUrl(host)}:${port}`;
      const { httpPort } = this.#transport;
      const more = httpPort === undefined ? {} : { httpPort };
      if (!this.#assembly.isNamed) this.#watchProcess({ url, ...more });
      return { port, url, ...more };
    } catch (error) {
      const { events } = this.#services;
      await this.#release().catch((cause: unknown) => events.emit('fault', { where: 'the stop', error: cause }));
      throw error;
    }
  }

  /** What only the default app does, for the whole process. */
  #watchProcess(at: Omit<Address, 'port'>): void {
    this.#descriptors?.start();
    this.#assembly.loop.start();
    this.#services.events.emit('started', at);
  }

  #handleSignal(signal: Signal): void {
    if (signal.type === 'revoke') this.#assembly.revoking.take(signal);
    else if (isCalled(this.#config.node, signal.node)) this.#drainSoon(signal.node);
  }

  #drainSoon(node: string): void {
    const { events, clock } = this.#services;
    events.emit('drainAsked', { node });
    clock.after(ANSWERED, () => void this.close());
  }

  /**
   * Applies another configuration: channel rules, schedules, keys, API keys, and the limits of clients.
   * It is applied completely, or not at all. Subscriptions that the new rules forbid end with
   * `permission`; no connection is closed. Open channels keep history and `slow`.
   *
   * @returns what has changed, and which options differ but need a restart
   * @throws ConfigError if the engine does not support it; EngineUnavailable. Then nothing has changed
   */
  reload(config: Config): Promise<ReloadReport> {
    return this.#reload.reload.apply(config);
  }

  /**
   * The first half of a reload, for a gateway of several processes: everything that may fail. Nothing
   * changes until it is committed.
   *
   * @throws ConfigError; EngineUnavailable
   */
  stageReload(config: Config): Promise<StagedReload> {
    return this.#reload.reload.stage(config);
  }

  /**
   * Sets where `POST /api/v1/reload` gets the configuration of this node. `sluice serve` reads its file
   * again. Without it, the node reports that it cannot reload.
   */
  reloadFrom(load: () => Promise<Config>): void {
    this.#reload.reload.source = load;
  }

  /**
   * One of `apps`, to publish, to answer requests or to manage what is there. It starts, stops and
   * reloads with this gateway.
   *
   * @throws Error if there is no app of this name
   * @example
   * ```ts
   * await gateway.app('shop').publish('user:ada', { title: 'Your order was sent' });
   * ```
   */
  app(name: string): GatewayApp {
    return this.#apps.get(name);
  }

  /** Resolves when the gateway has stopped, by `close` or by a drain over the HTTP API. */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /**
   * Drains and stops. The gateway accepts no new connections, asks clients to reconnect elsewhere,
   * spread over the configured time, answers the HTTP requests that it has, and resolves when all
   * connections are closed. Calling it again returns the same promise.
   */
  close(): Promise<void> {
    this.#closing ??= this.#stop();
    return this.#closing;
  }

  async #stop(): Promise<void> {
    await this.#starting?.catch(() => {}); // reported to the caller of start
    if (this.#state === 'stopped') return;
    await runAll([() => this.#drain(), () => this.#release(), () => this.#services.events.emit('stopped', {})]);
  }

  #drain(): Promise<void> {
    this.#drained ??= this.#drainAll();
    return this.#drained;
  }

  /** Accepts nobody, and ends what is open. Nothing is released: the other apps drain at the same time. */
  async #drainAll(): Promise<void> {
    const { registry, clock, events, groups } = this.#services;
    this.#state = 'draining';
    this.#transport.stopListening();
    this.#services.requests.drain();
    const { drain: most, drainPace: pace } = this.#config;
    const work = [
      this.#apps.drain(),
      this.#assembly.bridges.close(),
      groups?.finish(most),
      drainSessions({ registry, clock, events, most, pace }),
    ];
    await runAll([() => waitForAll(work), () => groups?.endLeases(), () => this.#http.idle(most, clock)]);
  }

  /** Releases everything that a start acquires. */
  async #release(): Promise<void> {
    const { hooks, verifier, groups, schedules, requests } = this.#services;
    await runAll([
      () => this.#watch.stop(),
      () => this.#engineStart.stop(),
      () => this.#descriptors?.stop(),
      () => this.#assembly.loop.stop(),
      () => this.#clockSteps.stop(),
      () => this.#assembly.bridges.close(),
      () => this.#apps.close(),
      () => this.#sse?.stop(),
      () => this.#transport.close(),
      () => hooks.close(),
      () => verifier.close(),
      () => this.#assembly.webhooks?.webhooks.close(),
      () => groups?.close(),
      () => schedules.close(),
      () => requests.close(),
      () => this.#assembly.tap.close(),
      () => this.#cluster.close(),
      () => this.#engine.close(),
    ]).finally(() => {
      this.#state = 'stopped';
      this.#tellStopped();
    });
  }
}

/** Does the name denote this node? `name/2` is known by its own name, and by its machine's. */
const isCalled = (node: string, called: string): boolean => node === called || node.startsWith(`${called}/`);
