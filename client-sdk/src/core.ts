import { json, type Push } from '@sluice/protocol';
import type { Channel, ClientEvents, ClientOptions } from './api.ts';
import { Calls } from './calls.ts';
import { ChannelHandle, type ChannelHost } from './channel.ts';
import { Connection, type ConnectionEvents, type StateChange } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { SluiceError } from './errors.ts';
import { type Handle, type Host, WireSubscription } from './subscription.ts';
import { TokenSource } from './token.ts';

/** Puts the parts of a client together, and passes on what each has to say to the others. */
export class Core extends Emitter<ClientEvents> implements Host, ChannelHost, ConnectionEvents {
  readonly calls: Calls;
  readonly connection: Connection;
  readonly timeout: number;
  readonly #options: ClientOptions;
  readonly #wires = new Map<string, WireSubscription>();

  constructor(options: ClientOptions) {
    super();
    const { codec = json, timeout = 15_000 } = options;
    this.#options = options;
    this.timeout = timeout;
    this.calls = new Calls(codec);
    this.connection = new Connection({
      ...options,
      codec,
      timeout,
      calls: this.calls,
      token: new TokenSource(options.token),
      events: this,
    });
  }

  // ------------------------------------------------------------------ what the connection tells

  state(change: StateChange): void {
    const { state, error } = change;
    this.#eachWire((wire) => {
      if (state === 'waiting') wire.lose();
      if (state === 'closed') wire.end('ended', { error, reason: this.calls.ended });
    });
    // A handler that was just called may have moved on, and that was told already.
    if (this.connection.state === state) this.emit('state', change);
  }

  report(error: SluiceError): void {
    this.emit('error', error);
  }

  greet(): void {
    this.#eachWire((wire) => wire.reconcile());
  }

  push(push: Push): void {
    if ('channel' in push) this.#wires.get(push.channel)?.receive(push);
  }

  // ------------------------------------------------------------------ what the channels ask for

  /** The channel's face: the one that has subscribers, so that nothing is kept of a channel without any. */
  channel<T>(name: string): Channel<T> {
    return (this.#wires.get(name)?.handle as Channel<T> | undefined) ?? new ChannelHandle<T>(name, this);
  }

  wire(handle: Handle): WireSubscription {
    const wire = this.#wires.get(handle.name) ?? new WireSubscription(handle, this);
    this.#wires.set(handle.name, wire);
    return wire;
  }

  use(): void {
    if (this.#options.autoConnect !== false && this.connection.state === 'idle') this.connection.connect();
  }

  copy<Value>(value: Value): Value {
    const { codec = json } = this.#options;
    return codec.decode(codec.encode(value)) as Value;
  }

  // ------------------------------------------------------------------ what the subscriptions ask for

  skew(): number {
    return this.connection.skew;
  }

  distrust(error: SluiceError): void {
    this.connection.distrust(error);
  }

  forget(wire: WireSubscription): void {
    if (this.#wires.get(wire.channel) === wire) this.#wires.delete(wire.channel);
  }

  #eachWire(act: (wire: WireSubscription) => void): void {
    for (const wire of [...this.#wires.values()]) act(wire);
  }
}
