import { type Codec, type Command, type ConnectResult, json, type ServerMessage } from '@sluice/protocol';
import { decodeFrame, describeMessage } from '../diagnostics/describe-frame.ts';
import type {
  Devtools,
  DevtoolsHook,
  DevtoolsOptions,
  DevtoolsSnapshot,
  FrameRecord,
  GapRecord,
  NetworkCondition,
  ObservedClient,
  ObservedOutbox,
  StateRecord,
  TokenRecord,
} from './api.ts';
import { Network } from './network.ts';
import { Subscriptions } from './subscriptions.ts';

const HOOK = '__SLUICE_DEVTOOLS__';

/** A list that keeps its latest entries. */
class Latest<T> {
  readonly #keep: number;
  list: readonly T[] = [];

  constructor(keep: number) {
    this.#keep = keep;
  }

  add(entry: T): void {
    this.list = [...this.list, entry].slice(-this.#keep);
  }
}

/** The devtools of one client. */
class ClientDevtools implements Devtools {
  readonly #codec: Codec;
  readonly #keep: number;
  readonly #network: Network;
  readonly #listeners = new Set<{ readonly onChange: () => void }>();
  readonly #stops: (() => void)[] = [];
  #subscriptions = new Subscriptions();
  #states!: Latest<StateRecord>;
  #frames!: Latest<FrameRecord>;
  #gaps!: Latest<GapRecord>;
  #tokens!: Latest<TokenRecord>;
  #client: ObservedClient | undefined;
  #outbox: ObservedOutbox | undefined;
  #snapshot: DevtoolsSnapshot | undefined;
  #scheduled = false;

  constructor({ WebSocket, codec = json, keep = 200 }: DevtoolsOptions) {
    this.#codec = codec;
    this.#keep = keep;
    this.#forget();
    this.#network = new Network(WebSocket, {
      sent: (data) => this.#frame('sent', data),
      received: (data) => this.#frame('received', data),
      changed: () => this.#changed(),
    });
  }

  get WebSocket() {
    return this.#network.WebSocket;
  }

  attach(client: ObservedClient, outbox?: ObservedOutbox): void {
    this.#client = client;
    this.#outbox = outbox;
    const heard = client.on(
      'state',
      ({ state, error }) => {
        if (state !== 'connected') this.#subscriptions.lost();
        this.#states.add({ time: now(), state, error: error?.name });
        this.#changed();
      },
      { passive: true },
    );
    this.#stops.push(heard);
    if (outbox) this.#stops.push(outbox.on('change', () => this.#changed()));
    this.#changed();
  }

  getSnapshot(): DevtoolsSnapshot {
    this.#snapshot ??= {
      network: this.#network.condition,
      state: this.#client?.state ?? 'idle',
      user: this.#client?.user,
      states: this.#states.list,
      subscriptions: this.#subscriptions.list,
      frames: this.#frames.list,
      gaps: this.#gaps.list,
      tokens: this.#tokens.list,
      outbox: (this.#outbox?.messages ?? []).map(({ key, channel, status }) => ({ key, channel, status })),
      waiting: this.#network.waiting,
    };
    return this.#snapshot;
  }

  subscribe(onChange: () => void): () => void {
    const listener = { onChange };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  setNetwork(condition: NetworkCondition, delay?: number): void {
    this.#network.set(condition, delay);
  }

  clear(): void {
    this.#forget();
    this.#changed();
  }

  close(): void {
    for (const stop of this.#stops.splice(0)) stop();
    this.setNetwork('normal');
    this.#listeners.clear();
    hook().clients.delete(this);
  }

  #forget(): void {
    this.#states = new Latest(this.#keep);
    this.#frames = new Latest(this.#keep);
    this.#gaps = new Latest(this.#keep);
    this.#tokens = new Latest(this.#keep);
  }

  #frame(direction: FrameRecord['direction'], data: string | Uint8Array): void {
    const time = now();
    for (const message of decodeFrame(this.#codec, data)) {
      const { type } = message;
      this.#frames.add({ time, direction, type, text: describeMessage(message), size: data.length });
      if (direction === 'sent') this.#sent(message as Command, time);
      else this.#received(message as ServerMessage, time);
    }
    this.#changed();
  }

  #sent(command: Command, time: number): void {
    this.#subscriptions.sent(command);
    if ('token' in command && command.token !== undefined) this.#tokens.add({ time, event: 'presented' });
  }

  #received(message: ServerMessage, time: number): void {
    this.#subscriptions.received(message);
    if (message.type === 'gap') {
      const { channel, from, to, reason } = message;
      this.#gaps.add({ time, channel, from, to, reason });
    } else if (message.type === 'refresh') {
      this.#tokens.add({ time, event: 'refresh asked' });
    } else if (message.type === 'reply' && 'expiresAt' in message.result) {
      const { expiresAt } = message.result as ConnectResult;
      this.#tokens.add({ time, event: 'accepted', expiresAt });
    }
  }

  /** Listeners are notified once per turn, however many frames it has. */
  #changed(): void {
    this.#snapshot = undefined;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      for (const { onChange } of [...this.#listeners]) onChange();
    });
  }
}

/** A person compares it with the clock on the wall. */
const now = (): number => Date.now();

function hook(): DevtoolsHook {
  const place = globalThis as { [HOOK]?: DevtoolsHook };
  place[HOOK] ??= { clients: new Set() };
  return place[HOOK];
}

/**
 * Makes devtools for one client: its frames without tokens and data, positions, gaps, token timeline
 * and outbox, and a network that can be cut or slowed down. They are also at
 * `window.__SLUICE_DEVTOOLS__.clients`.
 *
 * @example
 * import { createClient } from '@sluice/client';
 * import { createDevtools } from '@sluice/client/devtools';
 *
 * const devtools = createDevtools();
 * const client = createClient({ url: 'wss://example.com/ws', WebSocket: devtools.WebSocket });
 * devtools.attach(client);
 * devtools.setNetwork('cut'); // the client reconnects when it is 'normal' again
 */
export function createDevtools(options: DevtoolsOptions = {}): Devtools {
  const devtools = new ClientDevtools(options);
  hook().clients.add(devtools);
  return devtools;
}
