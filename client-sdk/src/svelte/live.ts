import { createSubscriber } from 'svelte/reactivity';
import type { OptionalName, Store } from '../stores/index.ts';

/** A channel name, or a function that reads one from reactive state. `null` means no channel. */
export type ChannelSource<Name extends string = string> = OptionalName<Name> | (() => OptionalName<Name>);

/** Creates and subscribes to one kind of store. */
export interface LiveSetup<S> {
  readonly make: (name: OptionalName) => S;
  readonly subscribe: (store: S, onChange: () => void) => () => void;
}

interface Binding<S> {
  readonly name: OptionalName;
  readonly store: S;
  /** Subscribes the store while the effect that is running exists. */
  readonly track: () => void;
}

/** A store that follows a channel name. An effect that reads it keeps it subscribed. */
export class Live<Snapshot, S extends Store<Snapshot>> {
  readonly #source: ChannelSource;
  readonly #setup: LiveSetup<S>;
  #binding: Binding<S> | undefined;

  constructor(source: ChannelSource, setup: LiveSetup<S>) {
    this.#source = source;
    this.#setup = setup;
  }

  /** The current channel. */
  get name(): OptionalName {
    return typeof this.#source === 'function' ? this.#source() : this.#source;
  }

  /** The store of that channel. */
  get store(): S {
    return this.#bind().store;
  }

  /** The current value. An effect or a template that reads it runs again after a change. */
  get snapshot(): Snapshot {
    const { track, store } = this.#bind();
    track();
    return store.getSnapshot();
  }

  /** Keeps it subscribed without an effect. */
  start(): () => void {
    return this.#setup.subscribe(this.store, () => {});
  }

  // One store per name. The effects that read the old store release it when they run again.
  #bind(): Binding<S> {
    const { name } = this;
    if (!this.#binding || this.#binding.name !== name) {
      const { make, subscribe } = this.#setup;
      const store = make(name);
      this.#binding = { name, store, track: createSubscriber((update) => subscribe(store, update)) };
    }
    return this.#binding;
  }
}
