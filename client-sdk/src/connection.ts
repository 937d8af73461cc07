import {
  type AfterClose,
  afterClose,
  type Codec,
  type ConnectResult,
  type Push,
  type RefreshResult,
  type ServerMessage,
} from '@sluice/protocol';
import { backoff } from './backoff.ts';
import type { Calls } from './calls.ts';
import { clientError, SluiceError } from './errors.ts';
import { Heartbeat, SHORT } from './heartbeat.ts';
import { openSocket, type Socket, type WebSocketConstructor } from './socket.ts';
import { after, type Cancel, nothing } from './timer.ts';
import type { TokenSource } from './token.ts';
import { VERSION } from './version.ts';
import { listenForWake, type Wake } from './wake.ts';

/**
 * Where the connection stands. `idle`: not wanted yet. `connecting`: fetching a token, opening the WebSocket, waiting for
 * the answer to `connect`. `connected`. `waiting`: lost, and backing off before the next attempt. `closed`: by you, or
 * because the gateway refused for good.
 */
export type ClientState = 'idle' | 'connecting' | 'connected' | 'waiting' | 'closed';

/** A change of the connection's state. */
export interface StateChange {
  readonly state: ClientState;
  /** Why it is `waiting` or `closed`; absent where you closed it yourself. */
  readonly error?: SluiceError;
  /** While `waiting`: milliseconds from now to the next attempt. */
  readonly retryIn?: number;
}

export interface ConnectionSetup {
  readonly url: string | URL;
  readonly codec: Codec;
  readonly WebSocket?: WebSocketConstructor;
  readonly timeout: number;
  readonly token: TokenSource;
  readonly calls: Calls;
  readonly events: ConnectionEvents;
}

export interface ConnectionEvents {
  /** Always the last thing that the connection does in its turn: the handler may call it again. */
  state(change: StateChange): void;
  /** Something failed that changed no state. */
  report(error: SluiceError): void;
  /** A WebSocket has opened: now ask what belongs right behind `connect`. */
  greet(): void;
  push(push: Push): void;
}

/** Keeps one WebSocket alive: connects, listens to its heart, and decides what to do when it is lost. */
export class Connection {
  state: ClientState = 'idle';
  user: string | null | undefined;
  /** The gateway's clock minus ours, in milliseconds. */
  skew = 0;
  readonly #setup: ConnectionSetup;
  readonly #heartbeat: Heartbeat;
  #socket: Socket | undefined;
  // The one timer of the present state: the deadline of `connecting`, the end of `waiting`.
  #cancelTimer: Cancel = nothing;
  #stopListening: Cancel = nothing;
  // Counts the attempts, so that what an older one awaited comes to nothing.
  #attempt = 0;
  #failures = 0;
  #reconnectAfter: number | undefined;

  constructor(setup: ConnectionSetup) {
    this.#setup = setup;
    this.#heartbeat = new Heartbeat({
      ping: () => setup.calls.start({ type: 'ping' }),
      dead: () => this.lose(clientError('timed_out')),
    });
  }

  /** Connects, unless it does so already. While `waiting` it waits no longer. */
  connect(): void {
    if (this.state === 'connecting' || this.state === 'connected') return;
    if (this.state !== 'waiting') {
      this.#failures = 0;
      this.#setup.token.forget('connect');
      this.#setup.calls.ended = undefined;
      this.#stopListening = listenForWake((what) => this.#wake(what));
    }
    void this.#connect();
  }

  /** Closes for good, or until `connect` is called. */
  close(error?: SluiceError): void {
    if (this.state === 'closed') return;
    this.#leave();
    this.#stopListening();
    this.#setup.calls.end(error ?? clientError('closed'));
    this.#moveTo('closed', error && { error });
  }

  /** The connection is of no use any more: closes it and does what the error's code demands. SPEC.md section 8.2. */
  lose(error: SluiceError, next: AfterClose = afterClose(error.code)): void {
    const { token, calls, events } = this.#setup;
    if (next === 'stop' || (next === 'new_token' && !token.renewable)) {
      this.close(error);
      return;
    }
    if (next === 'new_token') token.forget('expired');
    const { name } = error;
    if (name === 'token_failed') token.forget();
    const pause = this.#reconnectAfter ?? Math.max(error.retryAfter ?? 0, backoff(this.#failures++));
    this.#leave();
    calls.lose();
    this.#cancelTimer = after(pause, () => void this.#connect());
    this.#moveTo('waiting', { error, retryIn: pause });
    if (name === 'token_failed') events.report(error);
  }

  async #connect(): Promise<void> {
    const { token } = this.#setup;
    this.#leave();
    const attempt = this.#attempt;
    this.#deadline('token_failed');
    this.#moveTo('connecting');
    try {
      // Before the WebSocket is opened: the gateway waits only five seconds for `connect`. SPEC.md section 1.
      const current = await token.current();
      if (attempt !== this.#attempt) return;
      this.#deadline('timed_out');
      this.#open(current);
    } catch (error) {
      if (attempt === this.#attempt) this.lose(error as SluiceError);
    }
  }

  #deadline(error: 'token_failed' | 'timed_out'): void {
    const { timeout } = this.#setup;
    this.#cancelTimer();
    this.#cancelTimer = after(timeout, () => this.lose(clientError(error)));
  }

  #open(token: string | undefined): void {
    const { url, codec, calls, WebSocket = globalThis.WebSocket } = this.#setup;
    try {
      this.#socket = openSocket(WebSocket, url, {
        codec,
        events: {
          open: () =>
            calls.begin(
              (data) => this.#socket?.write(data),
              () => this.#greet(token),
            ),
          message: (message) => this.#read(message),
          lost: (error) => this.lose(error),
        },
      });
    } catch (cause) {
      // No constructor, a malformed URL, ws: on a page of https: the next attempt would fail like this one.
      this.close(clientError('closed', `A WebSocket cannot be opened here: ${(cause as Error).message}`));
    }
  }

  #greet(token: string | undefined): void {
    const { calls, events } = this.#setup;
    calls.start(
      { type: 'connect', client: VERSION, ...(token !== undefined && { token }) },
      {
        resolve: (result) => this.#connected(result, token),
        // A refusal of the command itself (43xx) would come again and again.
        reject: (error) => this.lose(error, error.code < 4300 || error.retryable ? undefined : 'stop'),
      },
    );
    events.greet();
  }

  #connected({ user, time, expiresAt, heartbeat, maxFrame }: ConnectResult, token: string | undefined): void {
    const { calls } = this.#setup;
    this.#cancelTimer();
    this.#failures = 0;
    this.user = user;
    this.skew = time - Date.now();
    this.#setup.token.accepted(token, (expiresAt ?? Number.POSITIVE_INFINITY) - time);
    this.#heartbeat.start(heartbeat);
    calls.release(maxFrame);
    this.#moveTo('connected');
  }

  #read(message: ServerMessage): void {
    const { calls, events } = this.#setup;
    if (this.state === 'connected') this.#heartbeat.heard();
    switch (message.type) {
      case 'reply':
        calls.settle(message);
        break;
      case 'error':
        // Without an id it answers something that the gateway could not read as a command.
        if (message.id === undefined) events.report(new SluiceError(message.error));
        else calls.settle(message);
        break;
      case 'drain':
        this.#reconnectAfter = message.reconnectAfter;
        break;
      case 'refresh':
        void this.#refresh(0);
        break;
      default:
        events.push(message);
    }
  }

  async #refresh(failures: number): Promise<void> {
    const { token, calls, events } = this.#setup;
    if (!token.renewable) return;
    const attempt = this.#attempt;
    const failed = (error: SluiceError) => {
      if (attempt !== this.#attempt) return;
      events.report(error);
      if (error.retryable) {
        this.#cancelTimer = after(backoff(failures), () => void this.#refresh(failures + 1));
      }
    };
    try {
      const fresh = await token.ask('refresh');
      if (attempt !== this.#attempt) return;
      const accepted = ({ expiresAt }: RefreshResult) => token.accepted(fresh, expiresAt - this.skew - Date.now());
      calls.start({ type: 'refresh', token: fresh }, { resolve: accepted, reject: failed });
    } catch (error) {
      failed(error as SluiceError);
    }
  }

  #wake(what: Wake): void {
    if (this.state === 'connected') this.#heartbeat.probe(SHORT);
    else if (this.state === 'waiting' && what !== 'offline') void this.#connect();
  }

  /** Ends everything that belongs to the present state. */
  #leave(): void {
    this.#attempt++;
    this.#cancelTimer();
    this.#heartbeat.stop();
    this.#socket?.close();
    this.#socket = undefined;
    this.#reconnectAfter = undefined;
  }

  #moveTo(state: ClientState, detail?: Omit<StateChange, 'state'>): void {
    this.state = state;
    this.#setup.events.state({ state, ...detail });
  }
}
