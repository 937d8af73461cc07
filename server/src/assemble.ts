import { nanoid } from 'nanoid';
import type { Logger } from 'pino';
import type { NodeReload } from './api/routes/reload.ts';
import { ReplaceableApiKeys, ReplaceableVerifier } from './auth/replaceable.ts';
import { createApiKeys } from './auth/secrets.ts';
import { createVerifier } from './auth/token.ts';
import type { BridgesPackage } from './bridges/bridge-host.ts';
import { Bridges } from './bridges/bridges.ts';
import { SUBSCRIPTIONS } from './channels/cursor.ts';
import { cursorLag } from './channels/cursor-lag.ts';
import { type AfterAppend, Door } from './channels/door.ts';
import { Expiry } from './channels/expiry.ts';
import { Hub } from './channels/hub.ts';
import { Replayer } from './channels/replay.ts';
import { Rules } from './channels/rules.ts';
import { Cluster } from './cluster/cluster.ts';
import { describeApp, describeConfig } from './config/describe.ts';
import type { Config } from './config/schema.ts';
import { withoutSecrets } from './config/without-secrets.ts';
import type { Engine } from './engine/engine.ts';
import { createEngine } from './engines.ts';
import { EventBus } from './events.ts';
import { Groups } from './groups/groups.ts';
import { targetCreator } from './hooks/create-target.ts';
import { Hooks } from './hooks/hooks.ts';
import { askPublishHook } from './hooks/publish-step.ts';
import { BridgeList } from './manage/bridge-list.ts';
import { GroupList } from './manage/group-list.ts';
import { HookList } from './manage/hook-list.ts';
import { LocalActions } from './manage/local-actions.ts';
import { LocalNode } from './manage/local-node.ts';
import { Manage } from './manage/manage.ts';
import { RevocationList } from './manage/revocation-list.ts';
import { ServerMembers } from './manage/server-members.ts';
import { textOfApps } from './observe/app-metrics.ts';
import { type DescriptorSource, DescriptorWatch, procDescriptors } from './observe/descriptors.ts';
import { LoopWatch } from './observe/lag-metrics.ts';
import { createLogger, logEvents } from './observe/log.ts';
import { Metrics } from './observe/metrics.ts';
import { HttpClient } from './outgoing/http-client.ts';
import { AddressPolicy } from './outgoing/private-addresses.ts';
import { Presence } from './presence/presence.ts';
import type { SocketWire } from './protocols/protocol.ts';
import type { LiveSettings, ReloadParts } from './reload.ts';
import { BackendRequests } from './requests/backend-requests.ts';
import { hookResponders } from './requests/hook-responder.ts';
import { Peers } from './requests/peers.ts';
import { Requests } from './requests/requests.ts';
import { Schedules } from './schedules/schedules.ts';
import { ArrivalLimits } from './session/arrival-limits.ts';
import { FairScheduler } from './session/fair-scheduler.ts';
import { Registry } from './session/registry.ts';
import { ReplyFlusher } from './session/reply-flusher.ts';
import { Revoked, withRevoked } from './session/revoked.ts';
import { Revoking } from './session/revoking.ts';
import type { Services } from './session/services.ts';
import { Tap } from './tap/tap.ts';
import { createPublishTracer } from './tracing/publish-tracer.ts';
import { SharedTransport } from './transport/shared-transport.ts';
import { StreamTopics } from './transport/stream-topics.ts';
import type { Transport } from './transport/transport.ts';
import { type UwsOptions, UwsTransport } from './transport/uws.ts';
import { AgeClock } from './util/age-clock.ts';
import { type Clock, systemClock } from './util/clock.ts';
import { Ids } from './util/ids.ts';
import { Tally } from './util/tally.ts';
import { Turn } from './util/turn.ts';
import { createWebhooks, type WebhookSide } from './webhooks/create-webhooks.ts';
import type { PresentClient } from './webhooks/sources.ts';
import { DecisionRing } from './why/decision-ring.ts';
import { RecentDecisions } from './why/recent-decisions.ts';
import { Why } from './why/why.ts';

/** The parts that tests replace: they stop time and need no port. */
export interface Parts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly turn: Turn;
  readonly engine: Engine;
  readonly log: Logger;
  /** Default: the file descriptors of this process; not watched if the transport is replaced. */
  readonly descriptors: DescriptorSource;
  /** Wire protocols over WebSockets. Default: the native ones. */
  readonly wires: readonly SocketWire[];
  /** Default: the package `@sluice/bridges`. */
  readonly bridges: () => Promise<BridgesPackage>;
}

/** Connections to one host for hooks. */
const CONNECTIONS = 256;

/** What all apps of a process share. */
interface Shared {
  readonly descriptors: DescriptorWatch | undefined;
  readonly arrivals: ArrivalLimits;
  /** Open connections by address. */
  readonly addresses: Tally;
}

/** One of `apps`, assembled. */
export interface AppAssembly {
  readonly name: string;
  readonly assembly: Assembly;
}

/** A gateway's parts, assembled and not yet started. */
export interface Assembly extends Shared {
  readonly config: Config;
  /** Is it one of `apps`? Then the process is not its own. */
  readonly isNamed: boolean;
  /** The apps that share its process. */
  readonly apps: readonly AppAssembly[];
  readonly engine: Engine;
  readonly transport: Transport;
  readonly services: Services;
  readonly revoking: Revoking;
  readonly bridges: Bridges;
  readonly metrics: Metrics;
  readonly cluster: Cluster;
  /** Absent: the engine has no consumer groups. */
  readonly webhooks: WebhookSide | undefined;
  readonly manage: Manage;
  readonly why: Why;
  readonly tap: Tap;
  /** What a reload replaces. */
  readonly reloading: Pick<
    ReloadParts,
    'settings' | 'inForce' | 'verifier' | 'apiKeys' | 'createVerifier' | 'rulesOf' | 'replaceWebhooks'
  >;
  readonly recentDecisions: RecentDecisions;
  readonly groupList: GroupList;
  readonly hookList: HookList;
  readonly revocationList: RevocationList;
  readonly bridgeList: BridgeList;
  readonly loop: LoopWatch;
  readonly wires?: readonly SocketWire[];
  /** Topics of event streams, if they are enabled. */
  readonly topics: StreamTopics | undefined;
  /** The body of `/metrics` if this process is one of several. Default: its own metrics. */
  readonly scrape?: () => Promise<string>;
  /** Reloads all processes if this is one of several. Default: this one reads its configuration again. */
  readonly reloadAll?: () => Promise<NodeReload>;
}

/** Assembles a gateway, and its other apps if it has any. */
export function assemble(config: Config, parts: Partial<Parts> = {}): Assembly {
  return config.apps.length === 0 ? assembleApp(config, parts) : assembleApps(config, parts);
}

/** Nothing in an assembly knows that there are others: they share only the transport and limits of the process. */
function assembleApps(config: Config, parts: Partial<Parts>): Assembly {
  const { transport: port = createTransport(config), log = createLogger(config.log), clock = systemClock } = parts;
  const transport = new SharedTransport(port, config.apps, config);
  const descriptors = parts.descriptors ?? (parts.transport === undefined ? procDescriptors() : undefined);
  const main = assembleApp(config, { ...parts, transport, log, ...(descriptors && { descriptors }) });
  const apps = config.apps.map(({ name, config: own }) => {
    const of = { transport: transport.app(name), clock, log: log.child({ app: name }) };
    return { name, assembly: assembleApp(own, { ...of, ...(parts.wires && { wires: parts.wires }) }, main) };
  });
  return { ...main, apps, scrape: () => textOfApps(main.metrics, apps) };
}

/** Assembles the parts of an app, `shared` if it is one of `apps`: the only place that names every concrete class. */
function assembleApp(config: Config, parts: Partial<Parts>, shared?: Shared): Assembly {
  const { transport = createTransport(config), clock = systemClock, turn = new Turn() } = parts;
  const { engine = createEngine(config, clock), log: logger = createLogger(config.log) } = parts;
  const events = new EventBus();
  logEvents(events, logger, clock);
  turn.onFault = (error) => events.emit('fault', { where: 'the end of a turn', error });
  const { log } = engine;
  const expiry = new Expiry(clock);
  const replayer = new Replayer({ log, events, turn, clock, expiry });
  const topics = config.sse ? new StreamTopics(transport, turn) : undefined;
  const { outbound, filters: mostFilters } = config.limits;
  const hub = new Hub({ log, fanout: topics ?? transport, replayer, events, turn, clock, mostFilters });

  const client = new HttpClient({ policy: new AddressPolicy(config.privateTargets), clock, connections: CONNECTIONS });
  const cluster = new Cluster({ nodes: engine.nodes, name: config.node, clock, events });
  const addresses = shared?.addresses ?? new Tally();
  const registry = new Registry(addresses);
  const webhooks = createWebhooks({
    ...{ webhooks: config.webhooks, engine, client, events, clock, cluster },
    clients: () => presentClients(registry),
  });
  const presence = new Presence({
    ...{ store: engine.presence, fanout: transport, events, clock, turn, outbound },
    ...(webhooks && { observer: webhooks.sources }),
  });
  const rules = new Rules(config.channels);
  const { groups: store } = engine;
  const afterAppend = (): AfterAppend[] => [
    ...(store === undefined ? [] : [toGroups]),
    ...(webhooks?.sources.wantsMessages === true ? [webhooks.sources.published] : []),
  ];
  const toGroups: AfterAppend = (publication, services) => groups?.published(publication, services) ?? null;
  const ids = new Ids();
  const nextId = ids.next;
  const hooks = new Hooks({
    ...{ hooks: config.hooks, events, clock, turn },
    createTarget: targetCreator({ client, events, clock, nextId, node: config.node }),
  });
  const tracer = config.tracing ? createPublishTracer() : undefined;
  const door = new Door(
    { rules, log, events, clock, ids },
    { afterAppend: afterAppend(), hooks: [askPublishHook(hooks)], tracer },
  );
  const groups: Groups | undefined =
    store === undefined ? undefined : new Groups({ store, rules, events, clock, turn, door });
  const replies = new ReplyFlusher(turn);
  const scheduler = new FairScheduler(turn);
  turn.atEnd(() => hooks.flush());
  // The order matters: replies come before the messages of the subscriptions that they confirm.
  // Lists of members come before a replay, which fills the reader's buffer as long as it lasts.
  turn.atEnd(() => replies.flush());
  turn.atEnd(() => hub.flush());
  turn.atEnd(() => presence.flush());
  if (groups !== undefined) turn.atEnd(() => groups.flush());
  turn.atEnd(() => replayer.run());
  turn.atEnd(() => replies.flush());
  if (topics !== undefined) turn.atEnd(() => topics.flush());
  turn.atEnd(() => scheduler.next()); // the beginning of the next turn
  const age = new AgeClock(clock);
  const revoked = new Revoked(() => age.now());
  const revoking = new Revoking({ store: engine.revocations, revoked, registry });
  const peers = engine.nodes && new Peers({ nodes: engine.nodes, rules, clock, events });
  const requests = new Requests({ clock, events, nextId, peers, hookResponder: hookResponders(hooks, events) });
  const settings: LiveSettings = { ...config };
  const most = () => settings.limits.requests;
  const backendRequests = new BackendRequests({ requests, hooks, rules, events, clock, most });
  const schedules = new Schedules({ log, door, rules, events, clock, nextId });
  const times = { clock: () => clock.now(), monotonic: () => clock.monotonic() };
  const makeVerifier = (next: Config) => createVerifier(next, times);
  const verifier = new ReplaceableVerifier(makeVerifier(config));
  const isShared = engine.name !== 'memory' && engine.name !== 'durable';
  const bridges = new Bridges({
    ...{ bridges: config.bridges, log, door, rules, groups, store, events, clock, isShared, load: parts.bridges },
  });
  const services: Services = {
    settings,
    verifier: withRevoked(verifier, revoked),
    revoked,
    rules,
    hooks,
    hub,
    replayer,
    presence,
    door,
    groups,
    requests,
    schedules,
    backendRequests,
    log,
    expiry,
    events,
    clock,
    replies,
    scheduler,
    registry,
  };
  const source = parts.descriptors ?? (parts.transport === undefined ? procDescriptors() : undefined);
  const { connectionsPerUser, connectionsPerAddress } = config.limits;
  const wanted = Math.max(connectionsPerUser, connectionsPerAddress);
  const own = source === undefined ? undefined : new DescriptorWatch({ source, events, clock, wanted });
  const descriptors = shared === undefined ? own : shared.descriptors;
  const loop = new LoopWatch();
  const metrics = new Metrics(events, {
    engine: engine.name,
    clock,
    loopLag: () => loop.read(),
    cursorLag: () =>
      cursorLag([...replayer.waiting, ...registry.all().filter(({ connection }) => connection.congested)]),
    channels: () => hub.size,
    filters: () => hub.filters,
    descriptors: () => descriptors?.state,
    refused: () => transport.refused ?? 0,
    requests: () => requests.pending,
    responders: () => requests.responders,
    scheduled: () => schedules.size,
    recurring: () => schedules.recurring.size,
    groups: async () => groups?.measure() ?? [],
    hooks: () => hooks.status,
    webhooks: async () => (await webhooks?.webhooks.measure()) ?? [],
  });
  const totals = () => metrics.totals();
  new LocalNode({ cluster, hub, registry, rules, log, presence, events, clock, node: config.node, engine, totals });
  new LocalActions({ cluster, registry, scheduler, hooks, rules, events, clock });
  const inForce = { config };
  const members = new ServerMembers({ cluster, presence, rules, events, clock });
  const describeOwn = shared === undefined ? describeConfig : describeApp;
  const describe = () => withoutSecrets(describeOwn(inForce.config)) as object;
  const manage = new Manage({ cluster, rules, log, presence, members, describe });
  const ring = new DecisionRing(config.log.decisions, { events, clock, ids });
  const recentDecisions = new RecentDecisions({ cluster, ring, registry });
  const groupList = new GroupList({ cluster, rules, groups });
  const hookList = new HookList({ cluster, hooks });
  const revocationList = new RevocationList(engine.revocations);
  const bridgeList = new BridgeList({ cluster, bridges });
  const why = new Why({ cluster, registry, rules, log, ring, clock });
  const tap = new Tap({ cluster, registry, events, clock, node: config.node });
  const { wires } = parts;
  return {
    descriptors,
    addresses,
    arrivals: shared?.arrivals ?? new ArrivalLimits(config.limits, clock),
    isNamed: shared !== undefined,
    apps: [],
    loop,
    config,
    engine,
    transport,
    services,
    revoking,
    bridges,
    metrics,
    cluster,
    webhooks,
    manage,
    why,
    reloading: {
      settings,
      inForce,
      verifier,
      apiKeys: new ReplaceableApiKeys(createApiKeys(config.apiKeys)),
      createVerifier: makeVerifier,
      rulesOf: ({ channels }) => bridges.keepGroups(channels),
      replaceWebhooks: (next) => {
        webhooks?.webhooks.replace(next.webhooks);
        webhooks?.sources.replaced();
        door.replaceAfterAppend(afterAppend());
      },
    },
    tap,
    recentDecisions,
    groupList,
    hookList,
    revocationList,
    bridgeList,
    topics,
    ...(wires && { wires }),
  };
}

/** WebSockets and HTTP on the configured port. */
export function createTransport(
  config: Config,
  nextId: UwsOptions['nextId'] = () => nanoid(12),
  { shared = false, refusedSockets }: Pick<UwsOptions, 'shared' | 'refusedSockets'> = {},
): UwsTransport {
  const { host, port, httpPort, limits, heartbeat, trustProxy } = config;
  const { maxFrame, outbound, unauthenticated } = limits;
  const bounds = { maxFrame, outbound, unauthenticated, idle: heartbeat * 2 };
  return new UwsTransport({ host, port, httpPort, ...bounds, trustProxy, shared, nextId, refusedSockets });
}

function* presentClients(registry: Registry): Iterable<PresentClient> {
  for (const { connection, identity, state, standings } of registry.all()) {
    if (state !== 'connected') continue;
    const logs = [...standings.of(SUBSCRIPTIONS).values()].map(({ channel }) => channel.name);
    yield { connection: connection.id, user: identity.user, logs };
  }
}
