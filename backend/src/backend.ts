import { randomUUID } from 'node:crypto';
import { BackendError } from './backend-error.ts';
import { type HistoryOptions, readHistory } from './history.ts';
import { Http, type HttpOptions } from './http.ts';
import { IncompleteError } from './incomplete-error.ts';
import type { components } from './openapi.ts';
import type { BodyOf, CallOptions, PathsWith, ReplyOf } from './operations.ts';
import { refuseOthers } from './options.ts';

type Schemas = components['schemas'];

/** A message of a channel's log. */
export type Message = Schemas['Message'];
/** Where a message was appended. */
export type PublishResult = Schemas['PublishResult'];
/** A member of a channel. */
export type Member = Schemas['Member'];
/** A channel, over all nodes. */
export type Channel = Schemas['Channel'];
/** A connection of a client. */
export type Connection = Schemas['Connection'];
/** How many connections an action affected; `missing`: nodes that did not answer. */
export type Affected = Schemas['Affected'];

/** What a message may have besides its data. */
export interface PublishOptions {
  readonly event?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** The same key publishes once within the rule's window. Default: a random one, so that retries publish once. */
  readonly key?: string;
  /** Publishes only if the log ends here. */
  readonly if?: { readonly offset: number; readonly epoch?: string };
  /** Milliseconds after which the message expires. Default: that of the channel's rule, or never. */
  readonly ttl?: number;
  /** A W3C `traceparent`, which subscribers receive with the message. */
  readonly trace?: string;
}

/** Whose connections an action is about. */
export interface Target {
  /** Only what is held on these channels: a name, or a pattern like `chat:*`. */
  readonly pattern?: string;
  /** Ids of connections to leave alone. */
  readonly except?: string | string[];
  /** For the gateway's log and the client. */
  readonly reason?: string;
}

/** Where subscriptions start, and which connections are left alone: at most one of the first three. */
export interface SubscribeOptions {
  /** Number of messages before the newest one. */
  readonly rewind?: number;
  /** Milliseconds since the Unix epoch. */
  readonly since?: number;
  /** After this position. */
  readonly position?: { readonly epoch: string; readonly offset: number };
  /** Ids of connections to leave alone. */
  readonly except?: string | string[];
}

/** Which connections are listed. */
export interface ConnectionsQuery {
  readonly user?: string;
  /** The name of a node. */
  readonly node?: string;
  /** Only connections that read too slowly, or only those that do not. */
  readonly slow?: 'true' | 'false';
}

/** How a list of all nodes is read. */
export interface ListOptions {
  /**
   * Called with the names of the nodes that did not answer, whose entries are missing; reading goes on.
   * Default: an `IncompleteError` is thrown.
   */
  readonly onMissing?: (nodes: readonly string[]) => void;
}

/** Entries of a page while a list is read to its end. */
const PAGE = 1000;

/**
 * The gateway, as a backend uses it. Calls that fail for a reason that may pass are repeated.
 *
 * Methods reject with a `BackendError` if the gateway refuses. If it cannot be reached, they reject with
 * an error that says which call failed and why, with the `name` of the error of `fetch`, its `cause`.
 *
 * @example
 * ```ts
 * import { Backend } from '@sluice/backend';
 *
 * const sluice = new Backend({ url: 'http://localhost:8080', apiKey: process.env.SLUICE_API_KEY ?? '' });
 * await sluice.publish('user:ada', { title: 'Build finished' }, { event: 'notification' });
 * for await (const message of sluice.history('chat:lobby')) console.log(message.offset, message.data);
 * ```
 */
export class Backend {
  readonly #http: Http;

  /** @throws TypeError if an option is wrong, or does not exist */
  constructor(options: HttpOptions) {
    this.#http = new Http(options);
  }

  // Messages ---------------------------------------------------------------------------------------------------------

  /** Publishes a message; resolves when the engine holds it. */
  async publish(channel: string, data: unknown, options: PublishOptions = {}): Promise<PublishResult> {
    const body = { key: randomUUID(), ...options, channel, data };
    return (await this.#publish(body)) as PublishResult;
  }

  /** Publishes the same message to up to 1,000 channels: a result for each, in their order. */
  async publishTo(
    channels: readonly string[],
    data: unknown,
    options: PublishOptions = {},
  ): Promise<(PublishResult | BackendError)[]> {
    const entries = (await this.#publish({ key: randomUUID(), ...options, channels, data })) as readonly Entry[];
    return entries.map((entry) => ('error' in entry ? new BackendError(entry.error, 200) : entry));
  }

  #publish(body: object): Promise<unknown> {
    return this.#http.call({ method: 'POST', path: '/api/v1/publish', body, repeatable: true });
  }

  /**
   * The log of a channel from its oldest message, or after an offset or a position, to its end.
   *
   * @throws IncompleteError if messages after that are missing, and there is no `onGap`
   */
  async *history(channel: string, options: HistoryOptions = {}): AsyncGenerator<Message, void> {
    refuseOthers('history', options, ['after', 'onGap']);
    yield* readHistory(channel, options, (after) =>
      this.get('/api/v1/channels/{channel}/messages', { path: { channel }, query: { after, limit: PAGE } }),
    );
  }

  /** The members of a channel, on all nodes. */
  async *members(channel: string): AsyncGenerator<Member, void> {
    for (let after: number | undefined = 0; after !== undefined; ) {
      const page: ReplyOf<'get', '/api/v1/channels/{channel}/members'> = await this.get(
        '/api/v1/channels/{channel}/members',
        { path: { channel }, query: { after, limit: PAGE } },
      );
      yield* page.members;
      after = page.next;
    }
  }

  // What there is ----------------------------------------------------------------------------------------------------

  /**
   * The channels with subscriptions, members or messages, by name.
   *
   * @throws IncompleteError if a node does not answer, and there is no `onMissing`
   */
  channels({ onMissing, ...query }: { readonly pattern?: string } & ListOptions = {}): AsyncGenerator<Channel, void> {
    return pages('channels', onMissing, async (cursor) => {
      const page = await this.get('/api/v1/channels', { query: { ...query, ...cursor, limit: PAGE } });
      return { entries: page.channels, next: page.next, missing: page.missing };
    });
  }

  /**
   * The connections of all nodes, by id.
   *
   * @throws IncompleteError if a node does not answer, and there is no `onMissing`
   */
  connections({ onMissing, ...query }: ConnectionsQuery & ListOptions = {}): AsyncGenerator<Connection, void> {
    return pages('connections', onMissing, async (cursor) => {
      const page = await this.get('/api/v1/connections', { query: { ...query, ...cursor, limit: PAGE } });
      return { entries: page.connections, next: page.next, missing: page.missing };
    });
  }

  /** A user's connections and channels. */
  user(user: string): Promise<ReplyOf<'get', '/api/v1/users/{user}'>> {
    return this.get('/api/v1/users/{user}', { path: { user } });
  }

  // Actions ----------------------------------------------------------------------------------------------------------

  /** Closes a user's connections; with `reconnect`, clients come back. */
  disconnect(user: string, body: Target & { readonly reconnect?: boolean } = {}): Promise<Affected> {
    return this.post('/api/v1/users/{user}/disconnect', { path: { user }, body });
  }

  /**
   * Subscribes the user's connections to a channel, whatever its rule allows them.
   *
   * @param options where the subscriptions start; default: with the next message
   */
  subscribe(user: string, channel: string, options: SubscribeOptions = {}): Promise<Affected> {
    return this.post('/api/v1/users/{user}/subscribe', { path: { user }, body: { ...options, channel } });
  }

  /** Ends what a user's connections hold. */
  unsubscribe(user: string, body: Target = {}): Promise<Affected> {
    return this.post('/api/v1/users/{user}/unsubscribe', { path: { user }, body });
  }

  /** Decides anew what a user's connections may hold. */
  recheck(user: string, body: Target = {}): Promise<Affected> {
    return this.post('/api/v1/users/{user}/recheck', { path: { user }, body });
  }

  /** Revokes tokens: by user, by id, or by the time of issue. */
  revoke(body: BodyOf<'post', '/api/v1/revocations'>): Promise<Schemas['Revocation']> {
    return this.post('/api/v1/revocations', { body });
  }

  // Any operation ----------------------------------------------------------------------------------------------------

  /** Calls an operation of the API that reads. */
  get<P extends PathsWith<'get'>>(path: P, options: CallOptions<'get', P>): Promise<ReplyOf<'get', P>> {
    return this.#call('get', path, options as Loose, true) as Promise<ReplyOf<'get', P>>;
  }

  /** Calls an operation of the API that changes something. It is repeated only if the gateway has refused it. */
  post<P extends PathsWith<'post'>>(path: P, options: CallOptions<'post', P>): Promise<ReplyOf<'post', P>> {
    return this.#call('post', path, options as Loose, false) as Promise<ReplyOf<'post', P>>;
  }

  /** Calls an operation of the API that sets something. */
  put<P extends PathsWith<'put'>>(path: P, options: CallOptions<'put', P>): Promise<ReplyOf<'put', P>> {
    return this.#call('put', path, options as Loose, true) as Promise<ReplyOf<'put', P>>;
  }

  /** Calls an operation of the API that removes something. */
  delete<P extends PathsWith<'delete'>>(path: P, options: CallOptions<'delete', P>): Promise<ReplyOf<'delete', P>> {
    return this.#call('delete', path, options as Loose, false) as Promise<ReplyOf<'delete', P>>;
  }

  #call(method: string, form: string, options: Loose, repeatable: boolean): Promise<unknown> {
    const { path = {}, query, body, signal } = options;
    const filled = form.replace(/\{(\w+)\}/g, (_, name: string) => segmentOf(name, String(path[name])));
    return this.#http.call({ method: method.toUpperCase(), path: filled, query, body, signal, repeatable });
  }
}

const incomplete = (list: string, nodes: readonly string[]): IncompleteError =>
  new IncompleteError(`${list}: ${nodes.join(', ')} did not answer. To go on with the other nodes, give "onMissing"`);

/** URLs give `.` and `..` a meaning, however they are encoded: the call would be another one. */
function segmentOf(name: string, value: string): string {
  if (value !== '' && value !== '.' && value !== '..') return encodeURIComponent(value);
  throw new TypeError(
    `Backend: "${value}" as {${name}} cannot be part of a URL. No operation is possible on it over HTTP`,
  );
}

type Entry = PublishResult | { readonly error: ConstructorParameters<typeof BackendError>[0] };

interface Loose {
  readonly path?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

interface ListPage<T> {
  readonly entries: readonly T[];
  readonly next: string | undefined;
  /** Nodes that did not answer. */
  readonly missing: readonly string[] | undefined;
}

/** Reads a list to its end. */
async function* pages<T>(
  list: string,
  onMissing: ListOptions['onMissing'],
  read: (cursor: { cursor?: string }) => Promise<ListPage<T>>,
): AsyncGenerator<T, void> {
  for (let cursor: string | undefined; ; ) {
    const { entries, next, missing = [] } = await read(cursor === undefined ? {} : { cursor });
    if (missing.length > 0) {
      if (onMissing === undefined) throw incomplete(list, missing);
      onMissing(missing);
    }
    yield* entries;
    if (next === undefined) return;
    cursor = next;
  }
}
