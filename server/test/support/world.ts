import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Logger, pino } from 'pino';
import { type Assembly, assemble, type Parts } from '../../src/assemble.ts';
import type { ConfigInput } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/schema.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { MemoryEngine } from '../../src/engine/memory/memory-engine.ts';
import { Gateway } from '../../src/gateway.ts';
import type { SocketWire } from '../../src/protocols/protocol.ts';
import type { Handshake } from '../../src/transport/connection.ts';
import { LoopbackTransport } from '../../src/transport/loopback.ts';
import type { LoopbackClient } from '../../src/transport/loopback-client.ts';
import { ManualClock } from '../../src/util/clock.ts';
import { Turn } from '../../src/util/turn.ts';
import { ProtocolClient } from './protocol-client.ts';
import { SECRET } from './tokens.ts';

/** Settings that most tests do not change. */
const DEFAULTS: ConfigInput = {
  port: 0,
  keys: [{ secret: SECRET }],
  channels: {
    'chat:{room}': { allow: { '*': 'users' }, history: { count: 100, age: '1h' } },
    'news:{topic}': { allow: { subscribe: 'anyone', publish: 'users' } },
    'user:{id}': { allow: { '*': 'owner:{id}' }, history: true },
  },
};

export interface WorldOptions {
  readonly log?: Logger;
  readonly engine?: (clock: ManualClock) => Engine;
  readonly wires?: readonly SocketWire[];
  readonly bridges?: Parts['bridges'];
}

/** A client in memory, and its end of the socket. */
export interface LoopbackPeer {
  readonly client: ProtocolClient;
  readonly socket: LoopbackClient;
}

/** A complete gateway without a port, with a clock that only the test advances. */
export class World {
  readonly clock = new ManualClock();
  readonly transport: LoopbackTransport;
  readonly assembly: Assembly;
  readonly gateway: Gateway;

  constructor(config: ConfigInput, { log = pino({ level: 'silent' }), engine, wires, bridges }: WorldOptions) {
    const parsed = parseConfig({ ...DEFAULTS, ...config });
    this.transport = new LoopbackTransport({ limit: parsed.limits.outbound / 2 });
    const turn = new Turn((end) =>
      setImmediate(() => {
        end();
        this.transport.step();
      }),
    );
    this.assembly = assemble(parsed, {
      transport: this.transport,
      clock: this.clock,
      turn,
      log,
      ...(wires && { wires }),
      ...(bridges && { bridges }),
      engine: engine?.(this.clock) ?? new MemoryEngine({ clock: this.clock }),
    });
    this.gateway = new Gateway(this.assembly);
  }

  get services(): Assembly['services'] {
    return this.assembly.services;
  }

  /** Opens a WebSocket without sending anything. */
  open(handshake: Partial<Handshake> = {}): LoopbackPeer {
    const socket = this.transport.connect(handshake);
    const client = new ProtocolClient((frame) => socket.send(frame), { binary: socket.binary });
    socket.onFrame = (frame) => client.receive(frame);
    socket.onEnd = (ending) => client.end(ending);
    if (socket.closed !== undefined) client.end(socket.closed); // refused at the handshake
    return { client, socket };
  }

  /** Opens a WebSocket and authenticates. */
  async connect(token: string | undefined, handshake: Partial<Handshake> = {}): Promise<LoopbackPeer> {
    const peer = this.open(handshake);
    await peer.client.result(token === undefined ? { type: 'connect' } : { type: 'connect', token });
    return peer;
  }

  /** Runs the event loop until the condition holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await nextTurn();
  }

  /** Runs the event loop until nothing is left to do. */
  async idle(): Promise<void> {
    for (let quiet = 0; quiet < 5; quiet = this.services.scheduler.size > 0 ? 0 : quiet + 1) await nextTurn();
  }
}

/** Starts a gateway in memory. */
export async function createWorld(config: ConfigInput = {}, options: WorldOptions = {}): Promise<World> {
  const world = new World(config, options);
  await world.gateway.start();
  return world;
}
