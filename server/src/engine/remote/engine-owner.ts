import { chmodSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { nanoid } from 'nanoid';
import { type Clock, systemClock, type Timer } from '../../util/clock.ts';
import type { Engine, Signal } from '../engine.ts';
import type { GroupRef } from '../groups.ts';
import type { PresenceChange } from '../presence.ts';
import { EngineUser } from './engine-user.ts';
import type { FromOwner } from './items.ts';
import { expectGroups, groupKey } from './user-groups.ts';
import { Watchers } from './watchers.ts';

/** Milliseconds between two looks at whether the engine is in trouble. */
const LOOK = 1_000;

export interface EngineOwnerOptions {
  readonly engine: Engine;
  /** Path of the socket at which it is offered: in a folder that only this user may enter. */
  readonly path: string;
  /** Milliseconds for which the connections of a process that died count as present in a channel. */
  readonly graceOf: (channel: string) => number;
  readonly onFault?: (where: string, error: unknown) => void;
  /** The engine works, and should be set up differently, or has met something: in words for an operator. */
  readonly onAdvice?: (advice: string) => void;
  readonly clock?: Clock;
}

/** Offers the engine of this process to other processes of the machine, which use it by `RemoteEngine`. */
export class EngineOwner {
  readonly #options: EngineOwnerOptions;
  readonly #clock: Clock;
  readonly #life = nanoid(10);
  readonly #users = new Set<EngineUser>();
  readonly #watchers = new Watchers<EngineUser>();
  readonly #memberWatchers = new Watchers<EngineUser>();
  readonly #groupWatchers = new Watchers<EngineUser>();
  #server: Server | undefined;
  #look: Timer | undefined;
  #trouble: string | null = null;

  constructor(options: EngineOwnerOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** How many processes use it. */
  get size(): number {
    return this.#users.size;
  }

  async start(): Promise<void> {
    const { engine, path } = this.#options;
    engine.presence.start(
      (change) => this.#changed(change),
      (channel) => this.#membersInterrupted(channel),
    );
    engine.groups?.start((channel, group) => this.#announceClaimable({ channel, group }));
    await engine.start({
      deliver: (channel, epoch, message) => this.#announce(channel, ['message', channel, epoch, message.message]),
      interrupted: (channel) => this.#announce(channel, ['interrupted', channel]),
      signal: (signal) => this.#signal(signal),
      warn: (advice) => this.#options.onAdvice?.(advice),
    });
    this.#server = createServer((socket) => this.#users.add(new EngineUser(socket, this.#offer())));
    await listen(this.#server, path);
    // For example, no file descriptor is free: connected processes are still served.
    this.#server.on('error', (error) => this.#options.onFault?.('the socket of the engine', error));
    this.#lookAgain();
  }

  #offer(): ConstructorParameters<typeof EngineUser>[1] {
    const { engine, graceOf, onFault = () => {} } = this.#options;
    return {
      engine,
      graceOf,
      onFault,
      welcome: () => ({
        life: this.#life,
        trouble: engine.trouble ?? null,
        copies: engine.log.copies === true,
        forgetsMembers: engine.forgetsMembers === true,
      }),
      // The engine is asked every time: a user who comes second must not get its answer before the
      // channel is really watched.
      watch: (channel, user) => {
        this.#watchers.add(channel, user);
        return engine.log.watch(channel);
      },
      unwatch: (channel, user) => {
        if (this.#watchers.remove(channel, user)) engine.log.unwatch(channel);
      },
      watchMembers: (channel, user) => {
        if (this.#memberWatchers.add(channel, user)) engine.presence.watch?.(channel);
      },
      unwatchMembers: (channel, user) => {
        if (this.#memberWatchers.remove(channel, user)) engine.presence.unwatch?.(channel);
      },
      watchGroup: (ref, user) => {
        this.#groupWatchers.add(groupKey(ref), user);
        return expectGroups(engine.groups).watch(ref);
      },
      unwatchGroup: (ref, user) => {
        if (this.#groupWatchers.remove(groupKey(ref), user)) engine.groups?.unwatch(ref);
      },
      closed: (user) => this.#users.delete(user),
    };
  }

  /** Encodes once for all. */
  #announce(channel: string, item: FromOwner): void {
    const text = JSON.stringify(item);
    for (const user of this.#watchers.of(channel)) user.announce(channel, text);
  }

  #announceClaimable(ref: GroupRef): void {
    for (const user of this.#groupWatchers.of(groupKey(ref))) user.announceClaimable(ref);
  }

  #changed(change: PresenceChange): void {
    const text = JSON.stringify(['change', change] satisfies FromOwner);
    for (const user of this.#memberWatchers.of(change.channel)) user.announceMembers(text);
  }

  #membersInterrupted(channel: string | undefined): void {
    const users = channel === undefined ? this.#users : this.#memberWatchers.of(channel);
    for (const user of users) user.notify(['membersInterrupted', channel ?? null]);
  }

  #signal(signal: Signal): void {
    for (const user of this.#users) user.notify(['signal', signal]);
  }

  #lookAgain(): void {
    const trouble = this.#options.engine.trouble ?? null;
    if (trouble !== this.#trouble) for (const user of this.#users) user.notify(['trouble', trouble]);
    this.#trouble = trouble;
    this.#look = this.#clock.after(LOOK, () => this.#lookAgain());
  }

  /** Disconnects all users, then closes the engine. */
  async close(): Promise<void> {
    this.#look?.cancel();
    const server = this.#server;
    const closed = new Promise<void>((resolve) => {
      if (server === undefined) resolve();
      else server.close(() => resolve());
    });
    for (const user of this.#users) user.cut();
    await closed;
    await this.#options.engine.close();
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      if (process.platform !== 'win32') chmodSync(path, 0o600);
      resolve();
    });
  });
}
