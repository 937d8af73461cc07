import type { PresenceChange, PresenceStore } from '../engine/presence.ts';
import type { OccupancyRecord } from './occupancy-record.ts';

/** Names of one page. */
const PAGE = 1_000;
/** Names that enter or leave at once after a reload: few enough not to be felt. */
const STEP = 500;

/**
 * What is there on at least one node, such as occupied channels: a list of the presence store, with
 * one member per name. So names of a node that has crashed go, too, and all nodes agree.
 */
export class Occupancy {
  readonly #store: PresenceStore;
  readonly #list: string;
  readonly #node: string;
  readonly #grace: () => number;
  #isStarted = false;
  /** What is there on any node, and since when. */
  readonly #known = new Map<string, number>();
  readonly #counts = new Map<string, number>();
  readonly #onFault: (error: unknown) => void;
  readonly #findRecord: () => OccupancyRecord | undefined;
  #record: OccupancyRecord | undefined;

  constructor({ store, list, node, grace, onFault, record }: OccupancyParts) {
    this.#store = store;
    this.#list = list;
    this.#node = node;
    this.#grace = grace;
    this.#onFault = onFault;
    this.#findRecord = record;
  }

  /** Reads what is there. Call it when the store has started, and before anything is added. */
  async start(): Promise<void> {
    if (this.#isStarted) return;
    await this.#store.watch?.(this.#list);
    for (let after = 0; ; ) {
      const { members } = await this.#store.list(this.#list, after, PAGE);
      for (const { member, ordinal } of members) {
        this.#known.set(member.user, member.since);
        after = ordinal;
      }
      if (members.length < PAGE) break;
    }
    this.#record = this.#findRecord();
    const unseen = await this.#unseen();
    for (const name of unseen) this.#known.set(name, 0);
    this.#isStarted = true;
    this.#expire(unseen);
  }

  /** Forgets what was there when the gateway ended: nobody wants to know. */
  async forget(): Promise<void> {
    const record = this.#findRecord();
    for (const name of (await record?.names()) ?? []) await record?.remove(name);
  }

  /** Names that were there when the gateway ended, and that no node has. */
  async #unseen(): Promise<readonly string[]> {
    const names = (await this.#record?.names()) ?? [];
    return names.filter((name) => !this.#known.has(name));
  }

  /**
   * They have gone unless they come back within the grace, like those that leave now. In steps, because
   * there may be many.
   */
  #expire(names: readonly string[]): void {
    for (const name of names.slice(0, STEP)) {
      const entry = { ...this.#entry(name), connection: `before ${name}` };
      this.#report(async () => {
        await this.#store.enter(entry);
        await this.#store.leave(entry, this.#grace());
      });
    }
    if (names.length > STEP) setImmediate(() => this.#expire(names.slice(STEP)));
  }

  /** Is the change one of this list? */
  owns({ channel }: PresenceChange): boolean {
    return channel === this.#list;
  }

  /**
   * Has a name appeared or disappeared?
   *
   * @returns `null`: neither. `key` is equal on all nodes
   */
  turn({ user: name, member }: PresenceChange): { readonly isThere: boolean; readonly key: string } | null {
    const since = this.#known.get(name);
    if (member === null) {
      if (since === undefined) return null;
      this.#known.delete(name);
      this.#report(() => this.#record?.remove(name));
      return { isThere: false, key: `${name} ${since}` };
    }
    this.#known.set(name, member.since);
    if (since !== undefined) return null;
    this.#report(() => this.#record?.add(name));
    return { isThere: true, key: `${name} ${member.since}` };
  }

  /** One more on this node. */
  add(name: string): void {
    const count = this.#counts.get(name) ?? 0;
    this.#counts.set(name, count + 1);
    if (count === 0) this.#announce(name);
  }

  /** One less on this node. */
  remove(name: string): void {
    const left = (this.#counts.get(name) ?? 0) - 1;
    if (left > 0) this.#counts.set(name, left);
    else if (this.#counts.has(name)) this.#removeAll(name);
  }

  /**
   * What is there on this node, and how often: call it when a reload has changed what is wanted. Names
   * enter and leave in steps, because there may be many.
   */
  replace(current: ReadonlyMap<string, number>): void {
    const gone = [...this.#counts.keys()].filter((name) => !current.has(name));
    const added = [...current.keys()].filter((name) => !this.#counts.has(name));
    for (const name of gone) this.#counts.delete(name);
    for (const [name, count] of current) this.#counts.set(name, count);
    this.#announceInSteps([...gone, ...added]);
  }

  #removeAll(name: string): void {
    this.#counts.delete(name);
    this.#announce(name);
  }

  /** Announces each as it is when its step comes: it may have appeared or gone meanwhile. */
  #announceInSteps(names: readonly string[]): void {
    for (const name of names.slice(0, STEP)) this.#announce(name);
    if (names.length > STEP) setImmediate(() => this.#announceInSteps(names.slice(STEP)));
  }

  #announce(name: string): void {
    const entry = this.#entry(name);
    if (this.#counts.has(name)) this.#report(() => this.#store.enter(entry));
    else this.#report(() => this.#store.leave(entry, this.#grace()));
  }

  #entry(name: string) {
    return { channel: this.#list, connection: `${this.#node} ${name}`, user: name };
  }

  #report(change: () => void | Promise<void> | undefined): void {
    try {
      void Promise.resolve(change()).catch(this.#onFault);
    } catch (error) {
      this.#onFault(error);
    }
  }
}

export interface OccupancyParts {
  readonly store: PresenceStore;
  /** The name of the list; no channel has it. */
  readonly list: string;
  /** Unique for each run of a node. */
  readonly node: string;
  /** Milliseconds for which a name that has gone still counts. */
  readonly grace: () => number;
  readonly onFault: (error: unknown) => void;
  /**
   * What keeps the names over a restart; `undefined`: the store does, or nothing is kept. Asked once the
   * engine has started.
   */
  readonly record: () => OccupancyRecord | undefined;
}
