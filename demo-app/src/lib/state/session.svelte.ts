import { type Client, createClient } from '@sluice/client';
import { createDevtools, type Devtools } from '@sluice/client/devtools';
import { createOutbox, type Outbox } from '@sluice/client/outbox';
import { type Page, socketUrl } from '../address.ts';
import { DevTokensOff, fetchDevToken } from '../dev-token.ts';
import { ReadMarks } from '../read-marks.ts';
import { Connection } from './connection.svelte.ts';
import { Departures } from './departures.svelte.ts';
import { Desk } from './desk/desk.svelte.ts';
import { Inbox } from './inbox.svelte.ts';
import { Rooms } from './rooms.svelte.ts';

/** How long the gateway recognizes repeated publishes, in milliseconds: `dedupe` in sluice.yaml. */
const DEDUPE = 24 * 60 * 60 * 1000;

interface SessionSetup {
  readonly user: string;
  /** Room to open first. */
  readonly room: string;
  /** Page to open first. */
  readonly page: Page;
  /** Used instead of requesting a token. */
  readonly token?: string | undefined;
}

/** One user in one window: a client, and the state that depends on it. */
export class Session {
  readonly user: string;
  readonly connection: Connection;
  readonly rooms: Rooms;
  readonly inbox: Inbox;
  /** Key of the HTTP API, if development mode provides it. */
  apiKey = $state<string | undefined>();
  /** The gateway does not issue tokens, because it does not run in development mode. */
  tokensOff = $state(false);
  #page = $state<Page>('chat');
  #desk: Desk | undefined;
  #departures: Departures | undefined;
  /** Looks under the hood of the client, and breaks its network. */
  readonly devtools: Devtools = createDevtools();
  readonly #client: Client;
  readonly #outbox: Outbox;

  constructor({ user, room, page, token }: SessionSetup) {
    this.user = user;
    this.#page = page;
    this.#client = createClient({
      url: socketUrl(location),
      token: token ?? (() => this.#fetchToken()),
      WebSocket: this.devtools.WebSocket,
    });
    this.#outbox = createOutbox(this.#client, { user, dedupeWindow: DEDUPE });
    this.devtools.attach(this.#client, this.#outbox);
    this.connection = new Connection(this.#client);
    const marks = new ReadMarks(user, localStorage);
    this.rooms = new Rooms(this.#client, { user, marks, outbox: this.#outbox, open: room });
    this.inbox = new Inbox(this.#client, user, marks);
    this.watch();
  }

  /** The page in view. */
  get page(): Page {
    return this.#page;
  }

  /** The desk. It begins when its page is opened first, and goes on while the chat is in view. */
  get desk(): Desk {
    this.#desk ??= new Desk(this.#client, () => this.apiKey);
    return this.#desk;
  }

  /** The departure board. It begins when its page is opened first. */
  get departures(): Departures {
    this.#departures ??= new Departures(this.#client);
    return this.#departures;
  }

  /** Brings a page into view. */
  show(page: Page): void {
    this.#page = page;
    this.watch();
    const address = new URL(location.href);
    if (page === 'chat') address.searchParams.delete('page');
    else address.searchParams.set('page', page);
    history.replaceState(null, '', address);
  }

  /** The window or the page has become visible or hidden: messages in a room that is not in view are unread. */
  watch(): void {
    this.rooms.watch(this.#page === 'chat' && document.visibilityState === 'visible');
  }

  /** Connects now, without waiting for the next attempt, or again after a final refusal. */
  reconnect(): void {
    // The connection's state shows the result.
    this.#client.connect().catch(() => {});
  }

  /** The gateway sends this user away and the client comes back, as when a node is restarted. */
  async sendAway(): Promise<void> {
    const response = await fetch(`./api/v1/users/${encodeURIComponent(this.user)}/disconnect`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${this.apiKey}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ reconnect: true }),
    });
    if (!response.ok) throw new Error(`The gateway answered with ${response.status}.`);
  }

  close(): void {
    this.connection.dispose();
    this.#desk?.close();
    this.#departures?.close();
    this.#outbox.close();
    this.#client.close();
    this.devtools.close();
  }

  async #fetchToken(): Promise<string> {
    try {
      const { token, apiKey } = await fetchDevToken(this.user);
      this.apiKey = apiKey;
      return token;
    } catch (error) {
      if (error instanceof DevTokensOff) {
        this.tokensOff = true;
        this.close();
      }
      throw error;
    }
  }
}
