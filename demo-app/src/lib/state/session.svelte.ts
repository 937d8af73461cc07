import { type Client, createClient } from '@sluice/client';
import { createOutbox, type Outbox } from '@sluice/client/outbox';
import { socketUrl } from '../address.ts';
import { DevTokensOff, fetchDevToken } from '../dev-token.ts';
import { ReadMarks } from '../read-marks.ts';
import { Connection } from './connection.svelte.ts';
import { Inbox } from './inbox.svelte.ts';
import { Rooms } from './rooms.svelte.ts';

/** How long the gateway recognizes repeated publishes, in milliseconds: `dedupe` in sluice.yaml. */
const DEDUPE = 24 * 60 * 60 * 1000;

interface SessionSetup {
  readonly user: string;
  /** Room to open first. */
  readonly room: string;
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
  readonly #client: Client;
  readonly #outbox: Outbox;

  constructor({ user, room, token }: SessionSetup) {
    this.user = user;
    this.#client = createClient({ url: socketUrl(location), token: token ?? (() => this.#fetchToken()) });
    this.#outbox = createOutbox(this.#client, { user, dedupeWindow: DEDUPE });
    this.connection = new Connection(this.#client);
    const marks = new ReadMarks(user, localStorage);
    this.rooms = new Rooms(this.#client, { user, marks, outbox: this.#outbox, open: room });
    this.inbox = new Inbox(this.#client, user, marks);
  }

  /** Connects now, without waiting for the next attempt, or again after a final refusal. */
  reconnect(): void {
    // The connection's state shows the result.
    this.#client.connect().catch(() => {});
  }

  close(): void {
    this.connection.dispose();
    this.#outbox.close();
    this.#client.close();
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
