import type {
  ConnectResult,
  LeftPush,
  Position,
  PublishCommand,
  PublishResult,
  StartingPoint,
  SubscribeCommand,
  UnsubscribeCommand,
  WatchCommand,
} from '@sluice/protocol';
import type { Channel, Client, ClientOptions } from '../api.ts';
import type { StateChange } from '../connection.ts';
import type { SluiceError } from '../errors.ts';
import { now } from '../now.ts';
import type { WebSocketConstructor } from '../socket.ts';
import { Crowd } from './crowd.ts';
import { TabCursor } from './cursor.ts';
import { Feed } from './feed.ts';
import { bodyOf, refuse } from './refusals.ts';
import type { Session } from './session.ts';
import { tap } from './tap.ts';
import { TokenDesk } from './token-desk.ts';
import { TabWatch } from './watch.ts';

/** How a group gets its connection. */
export interface GroupSetup {
  readonly url: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly WebSocket?: WebSocketConstructor | undefined;
  readonly create: (options: ClientOptions) => Client;
  /** Is it the group of those who have no token? */
  readonly anonymous: boolean;
  /** The group has come to its end: whoever comes next needs another one. */
  readonly ended: (group: Group) => void;
}

// A tab that reloads finds everything as it was: as long as a gateway's grace for presence, in milliseconds. The last one
// finds the connection, but not that long: the gateway's own grace comes on top.
const GRACE = 5000;
const LAST = 2000;

/** All tabs of one identity, and the one connection to the gateway that they share. */
export class Group {
  readonly tokens: TokenDesk;
  readonly #setup: GroupSetup;
  readonly #upstream: Client;
  readonly #sessions = new Set<Session>();
  readonly #feeds = new Map<string, Feed>();
  readonly #crowds = new Map<string, Crowd>();
  // Publishes that were not answered yet, by channel and key: what a tab repeats joins them.
  readonly #publishes = new Map<string, Promise<PublishResult>>();
  #era = new AbortController();
  #greeting: { readonly result: ConnectResult; readonly at: number } | undefined;
  #sweeping: ReturnType<typeof setTimeout> | undefined;
  #ended = false;

  constructor(setup: GroupSetup) {
    const { url, timeout, WebSocket, create, anonymous } = setup;
    this.#setup = setup;
    this.tokens = new TokenDesk(() => [...this.#sessions].filter(({ connected }) => connected));
    this.#upstream = create({
      url,
      timeout,
      autoConnect: false,
      codec: tap({
        connected: (result) => {
          this.#greeting = { result, at: now() };
        },
        left: (push) => this.#left(push),
      }),
      ...(WebSocket && { WebSocket }),
      ...(!anonymous && { token: () => this.tokens.take() }),
    });
    this.#upstream.on('state', (change) => this.#follow(change));
    this.#upstream.on('error', (error) => this.#report(error));
  }

  // ------------------------------------------------------------------ who belongs to it

  /** A tab asks to be connected. It is greeted when the connection stands; its attempt is an attempt of all. */
  join(session: Session): void {
    this.#sessions.add(session);
    this.tokens.offer(session.token);
    if (this.#upstream.state === 'connected') this.#greet(session);
    else if (this.#upstream.state !== 'connecting') this.#upstream.connect().catch(() => {});
  }

  leave(session: Session): void {
    this.#sessions.delete(session);
    for (const crowd of this.#crowds.values()) crowd.depart(session);
    this.#sweepSoon();
  }

  /** Closes the connection, and with it all virtual ones. */
  close(code = 1012, reason = 'The tab that held the connection has gone.'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#setup.ended(this);
    this.#era.abort();
    this.tokens.close();
    clearTimeout(this.#sweeping);
    for (const session of [...this.#sessions]) session.close(code, reason);
    this.#upstream.close();
  }

  // ------------------------------------------------------------------ what the tabs ask for

  channel(name: string): Channel {
    return this.#upstream.channel(name);
  }

  subscribe(session: Session, { id, channel, position, rewind, since }: SubscribeCommand): void {
    if (session.cursors.has(channel)) {
      session.refuse(id, refuse(4307, 'already_subscribed', `Already subscribed to "${channel}".`));
      return;
    }
    const start = {
      ...(position && { position }),
      ...(rewind !== undefined && { rewind }),
      ...(since !== undefined && { since }),
    };
    const feed = this.#feed(channel, start);
    let over = false;
    const ended = () => {
      over = true;
      session.cursors.delete(channel);
      this.#drop(channel, feed);
    };
    const cursor = new TabCursor(feed, start, { id, out: session, ended });
    if (!over) session.cursors.set(channel, cursor);
  }

  unsubscribe(session: Session, { id, channel }: UnsubscribeCommand): void {
    const cursor = session.cursors.get(channel);
    if (!cursor) {
      session.refuse(id, refuse(4308, 'not_subscribed', `Not subscribed to "${channel}".`));
      return;
    }
    session.cursors.delete(channel);
    cursor.close();
    const feed = this.#feeds.get(channel);
    if (feed) this.#drop(channel, feed);
    session.reply(id, {});
  }

  publish({ channel, data, key, event, tags }: PublishCommand): Promise<PublishResult> {
    const name = `${channel} ${key}`;
    const known = this.#publishes.get(name);
    if (known) return known;
    const options = { ...(key !== undefined && { key }), ...(event !== undefined && { event }), ...(tags && { tags }) };
    const { signal } = this.#era;
    const publish = this.channel(channel).publish(data, { ...options, signal });
    this.#publishes.set(name, publish);
    const forget = () => this.#publishes.get(name) === publish && this.#publishes.delete(name);
    publish.then(forget, forget);
    return publish;
  }

  crowd(channel: string): Crowd {
    const crowd = this.#crowds.get(channel) ?? new Crowd(this.channel(channel).presence, () => this.#sweepSoon());
    this.#crowds.set(channel, crowd);
    return crowd;
  }

  watch(session: Session, command: WatchCommand): void {
    const { id, channel } = command;
    if (session.watches.has(channel)) {
      session.refuse(id, refuse(4307, 'already_subscribed', `"${channel}" is watched already.`));
      return;
    }
    const out = {
      reply: session.reply.bind(session),
      refuse: session.refuse.bind(session),
      push: session.push.bind(session),
      ended: () => session.watches.delete(channel),
    };
    session.watches.set(channel, new TabWatch(this.channel(channel).presence, command, out));
  }

  // ------------------------------------------------------------------ what the connection tells

  #follow({ state, error, retryIn }: StateChange): void {
    if (this.#ended) return;
    if (state === 'connected') {
      this.#openFeeds();
      for (const session of [...this.#sessions]) this.#greet(session);
      this.#sweepSoon();
    }
    if (!error) return;
    this.#forgetPublishes();
    if (state === 'closed') this.#refused(error);
    else for (const session of [...this.#sessions]) session.lose(error, retryIn);
  }

  #greet(session: Session): void {
    if (!this.#greeting || session.connected) return;
    session.greet({ ...this.#greeting.result, time: this.time });
  }

  /** The gateway's clock, as far as it is known: milliseconds since the Unix epoch. */
  get time(): number {
    const { result, at } = this.#greeting ?? { at: 0 };
    return (result?.time ?? 0) + now() - at;
  }

  // For good. A token that was not shown may be a better one: whoever has it tries it.
  #refused(error: SluiceError): void {
    const aboutToken = error.name.startsWith('token_');
    for (const session of [...this.#sessions]) {
      if (aboutToken && session.token !== this.tokens.handed) session.moveOut('Another token was refused.');
      else session.lose(error);
    }
    this.close();
  }

  // On the next connection each tab asks again for what it still wants.
  #forgetPublishes(): void {
    this.#publishes.clear();
    this.#era.abort();
    this.#era = new AbortController();
  }

  #left({ channel, reason }: LeftPush): void {
    this.#crowds.get(channel)?.end((session) => session.push({ type: 'left', channel, reason }));
  }

  // What answers no command of a tab. `permission_denied` is a membership that has ended, which its tabs are told.
  #report(error: SluiceError): void {
    if (error.code === 4306 || error.code >= 4400) return;
    for (const session of this.#sessions) session.report(bodyOf(error));
  }

  // ------------------------------------------------------------------ what is kept of the channels

  #feed(name: string, start: StartingPoint): Feed {
    const known = this.#feeds.get(name);
    if (known && !known.ended) return known;
    const feed = new Feed(this.channel(name), start);
    this.#feeds.set(name, feed);
    return feed;
  }

  // Tabs that come over from another hub stood at different places: the cursor begins at the first of them.
  #openFeeds(): void {
    const starts = new Map<string, Position>();
    for (const { channel, position } of [...this.#sessions].flatMap(({ queued }) => queued)) {
      const other = starts.get(channel) ?? position;
      if (!position || other?.epoch !== position.epoch) continue;
      starts.set(channel, position.offset < other.offset ? position : other);
    }
    for (const [channel, position] of starts) this.#feed(channel, { position });
  }

  #drop(channel: string, feed: Feed): void {
    if (feed.users > 0 || this.#feeds.get(channel) !== feed) return;
    this.#feeds.delete(channel);
    feed.close();
  }

  #sweepSoon(): void {
    if (this.#ended) return;
    clearTimeout(this.#sweeping);
    this.#sweeping = setTimeout(() => this.#sweep(), this.#sessions.size > 0 ? GRACE : LAST);
  }

  /** Puts away what nobody has come back for. */
  #sweep(): void {
    if (this.#sessions.size === 0) {
      this.close();
      return;
    }
    // While the connection is lost the tabs are away as well.
    if (this.#upstream.state !== 'connected') return;
    for (const crowd of this.#crowds.values()) crowd.settle();
    for (const [channel, feed] of this.#feeds) this.#drop(channel, feed);
  }
}
