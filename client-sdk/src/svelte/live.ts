import { createSubscriber } from 'svelte/reactivity';
import type { OptionalName, Store } from '../stores/index.ts';

/** A channel's name, or the function that reads it from reactive state. `null` is no channel. */
export type ChannelSource<Name extends string = string> = OptionalName<Name> | (() => OptionalName<Name>);

/** How a store of a certain kind is made and used. */
export interface LiveSetup<S> {
  readonly make: (name: OptionalName) => S;
  readonly subscribe: (store: S, onChange: () => void) => () => void;
}

interface Binding<S> {
  readonly name: OptionalName;
  readonly store: S;
  /** Keeps the store subscribed while the effect that reads now lives. */
  readonly track: () => void;
}

/** A store that follows a channel's name: whoever reads it in an effect keeps it subscribed. */
export class Live<Snapshot, S extends Store<Snapshot>> {
  readonly #source: ChannelSource;
  readonly #setup: LiveSetup<S>;
  #binding: Binding<S> | undefined;

  constructor(source: ChannelSource, setup: LiveSetup<S>) {
    this.#source = source;
    this.#setup = setup;
  }

  /** The channel as it is named now. */
  get name(): OptionalName {
    return typeof this.#source === 'function' ? this.#source() : this.#source;
  }

  /** The store of that channel. */
  get store(): S {
    return this.#bind().store;
  }

  /** What is known now. Read in an effect or a template, it makes them run again when there is news. */
  get snapshot(): Snapshot {
    const { track, store } = this.#bind();
    track();
    return store.getSnapshot();
  }

  /** Keeps it subscribed without an effect. */
  start(): () => void {
    return this.#setup.subscribe(this.store, () => {});
  }

  // A store for each name, so that the effects that read the old one end it when they have run again.
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
