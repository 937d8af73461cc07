import {
  alreadyConnected,
  type Command,
  type CommandType,
  type ConnectCommand,
  type ConnectResult,
  type ErrorBody,
  type Failure,
  type Message,
  notMember,
  notWatching,
  type Push,
  type RefreshCommand,
  type Results,
  type ServerMessage,
  type SubscribeCommand,
} from '@sluice/protocol';
import {
  ALREADY_CONNECTED,
  CONNECT_REQUIRED,
  FIRST_CLOSE,
  FIRST_OF_COMMANDS,
  NOT_MEMBER,
  NOT_SUBSCRIBED,
} from '../codes.ts';
import type { SluiceError } from '../errors.ts';
import { type GroupTab, subscriptionKey } from './group-tab.ts';
import { expiryOf, identityOf } from './identity.ts';
import { bodyOf, refuse } from './refusals.ts';
import type { TabGroup } from './tab-group.ts';
import type { TabPresence } from './tab-presence.ts';
import type { TabSubscription } from './tab-subscription.ts';

/** The part of the tab gateway that a connection uses. */
export interface VirtualConnectionHost {
  /** Sends a frame. */
  frame(text: string): void;
  /** The tab gateway closes the virtual socket. */
  closed(code: number, reason: string): void;
  /** Returns the group of an identity. */
  group(identity: string): TabGroup;
}

// The WebSocket code for "reconnect immediately". It is not in the catalogue, so clients treat it
// as a lost connection.
const RESTART = 1012;

type Handlers = { readonly [Type in CommandType]?: (command: Extract<Command, { type: Type }>) => void };

/** One virtual connection: a tab's view of the gateway. SPEC.md section 4. */
export class VirtualConnection implements GroupTab {
  readonly subscriptions = new Map<string, TabSubscription>();
  readonly presences = new Map<string, TabPresence>();
  /** The token that the tab sent last. */
  token: string | undefined;
  group: TabGroup | undefined;
  readonly #host: VirtualConnectionHost;
  #state: 'new' | 'waiting' | 'connected' | 'closed' = 'new';
  #connectId = 0;
  // Commands that arrived after `connect`, before it was answered.
  #queue: Command[] = [];
  #unsent: ServerMessage[] = [];

  constructor(host: VirtualConnectionHost) {
    this.#host = host;
  }

  get connected(): boolean {
    return this.#state === 'connected';
  }

  /** The subscriptions that wait for the connection. */
  get queued(): SubscribeCommand[] {
    return this.#queue.filter((command) => command.type === 'subscribe');
  }

  /** Handles a frame of the tab. */
  receive(text: string): void {
    const frame = JSON.parse(text) as Command | Command[];
    for (const command of Array.isArray(frame) ? frame : [frame]) this.#handle(command);
  }

  /** The tab has disappeared or closed the connection. */
  end(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#unsent = [];
    for (const subscription of this.subscriptions.values()) subscription.close();
    for (const watch of this.presences.values()) watch.close();
    this.group?.leave(this);
  }

  /** Closes the connection from this side. */
  close(code: number, reason: string): void {
    if (this.#state === 'closed') return;
    this.#flush();
    this.end();
    this.#host.closed(code, reason);
  }

  /** Makes the tab reconnect immediately, because it now belongs to another group. */
  reassign(reason: string): void {
    this.push({ type: 'drain', reconnectAfter: 0 });
    this.close(RESTART, reason);
  }

  // ------------------------------------------------------------------ events of the group

  /** The upstream connection is open. */
  greet(result: ConnectResult): void {
    const expiresAt = expiryOf(this.token) ?? result.expiresAt;
    this.#state = 'connected';
    this.reply(this.#connectId, { ...result, ...(expiresAt !== undefined && { expiresAt }) });
    for (const command of this.#queue.splice(0)) this.#handle(command);
  }

  /**
   * The upstream connection is lost or was refused. The tab's connection ends the same way, and the
   * tab reconnects with the next upstream attempt.
   *
   * @param retryIn milliseconds; `undefined` if there is no next attempt
   */
  lose(error: SluiceError, retryIn?: number): void {
    if (retryIn !== undefined) this.push({ type: 'drain', reconnectAfter: retryIn });
    if (this.#state === 'waiting') this.refuse(this.#connectId, bodyOf(error));
    const { code, name } = error;
    if (code >= FIRST_CLOSE && code < FIRST_OF_COMMANDS) this.close(code, name);
    else this.close(1006, '');
  }

  askToken(): void {
    this.push({ type: 'refresh', expiresAt: expiryOf(this.token) ?? Date.now() });
  }

  // ------------------------------------------------------------------ messages to the tab

  reply(id: number, result: Results[CommandType]): void {
    this.#send({ type: 'reply', id, result });
  }

  refuse(id: number, error: ErrorBody): void {
    this.#send({ type: 'error', id, error } satisfies Failure);
  }

  /** An error that answers no command. */
  report(error: ErrorBody): void {
    this.#send({ type: 'error', error } satisfies Failure);
  }

  push(push: Push): void {
    const last = this.#unsent.at(-1);
    if (push.type !== 'messages') this.#send(push);
    else if (
      last?.type === 'messages' &&
      last.epoch === push.epoch &&
      // Only a push with "after" may have holes.
      (push.after === undefined || last.after !== undefined) &&
      subscriptionKey(last) === subscriptionKey(push)
    ) {
      // The array belongs to this connection: it was copied with the first push.
      (last.messages as Message[]).push(...push.messages);
    } else this.#send({ ...push, messages: [...push.messages] });
  }

  #send(message: ServerMessage): void {
    if (this.#state === 'closed') return;
    this.#unsent.push(message);
    if (this.#unsent.length === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const messages = this.#unsent;
    this.#unsent = [];
    if (messages.length > 0) this.#host.frame(JSON.stringify(messages.length === 1 ? messages[0] : messages));
  }

  // ------------------------------------------------------------------ commands of the tab

  #handle(command: Command): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'waiting') {
      this.#queue.push(command);
      return;
    }
    const handler = this.#handlers[command.type] as ((command: Command) => void) | undefined;
    if (this.#state === 'new' && command.type !== 'connect') this.close(CONNECT_REQUIRED, 'connect_required');
    else if (handler) handler(command);
    else this.#in((group) => group.forward(this, command));
  }

  readonly #handlers: Handlers = {
    connect: (command) => this.#connect(command),
    refresh: (command) => this.#refresh(command),
    ping: ({ id }) => this.reply(id, { time: this.#time }),
    subscribe: (command) => this.#in((group) => group.subscribe(this, command)),
    unsubscribe: (command) => this.#in((group) => group.unsubscribe(this, command)),
    publish: (command) => this.#in((group) => this.#answer(command.id, group.publish(command))),
    history: ({ id, type: _, channel, ...page }) =>
      this.#in((group) => this.#answer(id, group.channel(channel).history(page) as Promise<Results['history']>)),
    members: ({ id, type: _, channel, ...page }) =>
      this.#in((group) => this.#answer(id, group.channel(channel).presence.page(page) as Promise<Results['members']>)),
    enter: ({ id, channel, state }) =>
      this.#in((group) => this.#answer(id, group.membership(channel).enter(this, state), {})),
    leave: ({ id, channel }) => {
      this.#in((group) => {
        const membership = group.membership(channel);
        if (membership.has(this)) this.#answer(id, membership.leave(this), {});
        else this.refuse(id, refuse(NOT_MEMBER, notMember(channel)));
      });
    },
    watch: (command) => this.#in((group) => group.watch(this, command)),
    unwatch: ({ id, channel }) => {
      const watch = this.presences.get(channel);
      watch?.close();
      this.presences.delete(channel);
      if (watch) this.reply(id, {});
      else this.refuse(id, refuse(NOT_SUBSCRIBED, notWatching(channel)));
    },
  };

  #in(act: (group: TabGroup) => void): void {
    if (this.group) act(this.group);
  }

  #connect({ id, token }: ConnectCommand): void {
    if (this.#state !== 'new') {
      this.refuse(id, refuse(ALREADY_CONNECTED, alreadyConnected()));
      return;
    }
    this.#state = 'waiting';
    this.#connectId = id;
    this.token = token;
    this.group = this.#host.group(identityOf(token));
    this.group.join(this);
  }

  /** The gateway's clock, as far as it is known. */
  get #time(): number {
    return this.group?.time ?? Date.now();
  }

  #refresh({ id, token }: RefreshCommand): void {
    const same = identityOf(token) === identityOf(this.token);
    this.token = token;
    // A token without a readable expiry is replaced when the gateway asks for it.
    const expiresAt = expiryOf(token) ?? Number.MAX_SAFE_INTEGER;
    this.reply(id, { expiresAt, time: this.#time });
    if (same) this.group?.tokens.offer(token);
    else this.reassign('The token has another identity now.');
  }

  #answer<Result extends Results[CommandType]>(id: number, asked: Promise<unknown>, result?: Result): void {
    asked.then(
      (own) => this.reply(id, result ?? (own as Result)),
      // The tab repeats a command that was aborted because the connection was lost. Its connection
      // is closed by then.
      (error: SluiceError) => this.refuse(id, bodyOf(error)),
    );
  }
}
