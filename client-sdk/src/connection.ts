import type { Codec, ConnectResult, Push, RefreshResult, Results, ServerMessage } from '@sluice/protocol';
import type { ClientEvents } from './api.ts';
import { backoff } from './backoff.ts';
import type { Body, Calls } from './calls.ts';
import type { Emitter } from './emitter.ts';
import { clientError, closeError, hasRunOut, isOfToken, SluiceError } from './errors.ts';
import { Heartbeat, PATIENCE } from './heartbeat.ts';
import { now } from './now.ts';
import { openSocket, type WebSocketConstructor } from './socket.ts';
import { chooseSocketClass, type SharingSetup } from './socket-class.ts';
import { after, type Cancel, nothing } from './timer.ts';
import { type Token, TokenSource } from './token.ts';
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

export interface ConnectionSetup extends SharingSetup {
  readonly url: string;
  readonly codec: Codec;
  readonly timeout: number;
  readonly token?: Token;
  readonly tokenUrl?: string | URL;
  readonly calls: Calls;
  readonly observer: ConnectionEvents;
}

export interface ConnectionEvents extends Pick<Emitter<ClientEvents>, 'on'> {
  /** Always the last thing that the connection does in its turn: the handler may call it again. */
  state(change: StateChange): void;
  /** Something failed that changed no state. */
  report(name: 'error', error: SluiceError): void;
  /** The last thing reported to the application. */
  reported: SluiceError | undefined;
  /** A WebSocket has opened: now ask what belongs right behind `connect`. */
  greet(): void;
  push(push: Push): void;
}

// So many failures count for the backoff after a connection on which the gateway broke its word.
const DISTRUST = 3;

// How long an answer may take after the machine woke, and how long on a network that may be gone. In milliseconds.
const AWAKE = 700;
const OFFLINE = 3000;

// An attempt on which nothing has happened for so many milliseconds when the machine wakes is given up.
const OLD = 5000;

// An answer may take so many times as long as they do of late, but not without end; in milliseconds.
const SLOWER = 4;
const SLOWEST = 60_000;

// A connection that lasted so many milliseconds makes failures forgotten. SPEC.md section 8.3.
const STABLE = 5000;

/** Keeps one WebSocket alive: connects, listens to its heart, and decides what to do when it is lost. */
export class Connection {
  state: ClientState = 'idle';
  declare user: string | null | undefined;
  /** The gateway's clock minus ours, in milliseconds. */
  skew = 0;
  readonly #setup: ConnectionSetup;
  readonly #calls: Calls;
  readonly #events: ConnectionEvents;
  #token: TokenSource;
  readonly #heartbeat: Heartbeat;
  // The URL as it may be shown: without what may be a secret.
  readonly #place: string;
  // Chosen once; loading what chooses may fail.
  #socketClass: ReturnType<typeof chooseSocketClass> | undefined;
  #closeSocket: Cancel = nothing;
  // The one timer of the present state: the deadline of `connecting`, the end of `waiting`.
  #cancelTimer: Cancel = nothing;
  #stopListening: Cancel = nothing;
  // Counts the attempts, so that what an older one awaited comes to nothing.
  #attempt = 0;
  #failures = 0;
  #reconnectAfter: number | undefined;

  constructor(setup: ConnectionSetup) {
    this.#setup = setup;
    this.#calls = setup.calls;
    this.#events = setup.observer;
    this.#token = new TokenSource(setup);
    this.#place = setup.url.replace(/[^/]*@|\?.*/g, '');
    // A clock that was put forward on a live connection looks like sleep, after which this is asked.
    const accept = ({ time }: Results['ping']) => this.#reckon(time);
    this.#heartbeat = new Heartbeat(() => setup.calls.start({ type: 'ping' }, { accept }));
  }

  /** Connects, unless it does so already. While `waiting` it waits no longer. */
  connect(): void {
    if (this.state === 'connecting' || this.state === 'connected') return;
    if (this.state !== 'waiting') {
      this.#failures = 0;
      // Whoever was asked before may have been somebody else.
      this.#token = new TokenSource(this.#setup);
      this.#calls.ended = undefined;
      this.#stopListening = listenForWake((what) => this.#look(what));
    }
    this.#connect();
  }

  /** Closes for good, or until `connect` is called. */
  close(error?: SluiceError): void {
    if (this.state === 'closed') return;
    this.#leave();
    this.#token.stop();
    this.#stopListening();
    // Whoever waits for an answer is told by that.
    if (this.#calls.end(error ?? clientError('closed', undefined, this.#calls.failure))) this.#events.reported = error;
    this.#moveTo('closed', { error } as StateChange);
  }

  /**
   * The connection is of no use any more: closes it and does what the error's code demands. SPEC.md section 8.2.
   *
   * @param atLeast so many failures count at least for the backoff
   */
  lose(cause: SluiceError, atLeast = 0): void {
    const why = `Not connected to ${this.#place}: ${cause.message}`;
    this.#calls.failure = clientError('timed_out', why, cause);
    // "Closed: 1006" says nothing to anybody who does not see where to.
    const { code, name } = cause;
    const vague = this.state === 'connecting' && code > 4400 && code < 4403;
    const error = vague ? clientError(name as 'timed_out', why) : cause;
    const { retryAfter } = error;
    if (this.#token.renewable && isOfToken(error)) {
      this.#token.forget(hasRunOut(error));
    } else if (!error.retryable) {
      this.close(error);
      return;
    }
    const pause = this.#reconnectAfter ?? backoff(Math.max(this.#failures++, atLeast), retryAfter);
    this.#leave();
    this.#calls.lose();
    this.#later(pause, () => this.#connect());
    this.#moveTo('waiting', { error, retryIn: pause });
  }

  /** The gateway broke its word: tells so, and starts again; not too soon, for it may do so each time. */
  distrust(error: SluiceError): void {
    this.lose(error, DISTRUST);
    this.#events.report('error', error);
  }

  #connect(): void {
    this.#leave();
    this.#socketClass ??= chooseSocketClass(this.#setup);
    // Before the WebSocket is opened: the gateway waits only five seconds for `connect`. SPEC.md section 1.
    Promise.all([this.#token.current(), this.#socketClass]).then(
      this.#inTime((ready) => this.#open(...ready)),
      this.#inTime((error) => this.lose(error)),
    );
    // The token's own timer, which says more, comes first.
    this.#await();
    this.#moveTo('connecting');
  }

  /** The attempt has come a step further: from here on the next one has its time. */
  #await(): void {
    this.#heartbeat.heard();
    this.#later(this.#setup.timeout, () => this.#dead());
  }

  #open(token: string | undefined, WebSocket = globalThis.WebSocket as WebSocketConstructor): void {
    const { url, codec } = this.#setup;
    this.#await();
    try {
      this.#closeSocket = openSocket(url, {
        WebSocket,
        codec,
        open: (write) => {
          this.#await();
          this.#calls.begin(write, () => this.#greet(token));
        },
        message: (message) => this.#read(message),
        lost: (code, reason) => this.lose(closeError(code, reason)),
        broken: (error) => this.distrust(error),
      });
    } catch (cause) {
      // No constructor, a malformed URL, ws: on a page of https: the next attempt would fail like this one.
      const why = WebSocket ? (cause as Error).message : 'there is none here. npm install ws, and pass { WebSocket }.';
      this.close(clientError('closed', `WebSocket cannot be opened: ${why}`, cause));
    }
  }

  #greet(token: string | undefined): void {
    this.#calls.start(
      // What is undefined does not travel.
      { type: 'connect', client: VERSION, token } as Body<'connect'>,
      {
        accept: (result) => this.#connected(result, token),
        refuse: (error) => this.lose(error),
      },
    );
    this.#events.greet();
  }

  #connected(result: ConnectResult, token: string | undefined): void {
    const { user, heartbeat, maxFrame } = result;
    // Not at once: a gateway that takes every connection and closes it again must not be asked twice a second.
    this.#later(STABLE, () => {
      this.#failures = 0;
    });
    this.user = user;
    this.#accepted(token, result);
    this.#heartbeat.start(heartbeat);
    this.#calls.release(maxFrame);
    this.#calls.failure = undefined;
    this.#moveTo('connected');
  }

  #read(message: ServerMessage): void {
    if (this.state === 'connected') this.#heartbeat.heard();
    const { type } = message;
    // An error without an id answers something that the gateway could not read as a command.
    if (type === 'error' && !message.id) this.#events.report('error', new SluiceError(message.error));
    else if (type === 'reply' || type === 'error') this.#calls.settle(message);
    else if (type === 'drain') this.#reconnectAfter = message.reconnectAfter;
    else if (type === 'refresh') this.#refresh(true);
    else this.#events.push(message);
  }

  /** Reckons by the gateway's clock alone, and by how long ago it was read. */
  #accepted(token: string | undefined, { expiresAt, time }: Pick<ConnectResult, 'expiresAt' | 'time'>): void {
    this.#reckon(time);
    this.#token.accepted(token, (expiresAt ?? Number.POSITIVE_INFINITY) - time);
  }

  #reckon(time: number): void {
    if (time) this.skew = time - now();
  }

  /** Replaces the token on the live connection, when it is time for that. */
  #refresh(hurry = false): void {
    const failed = this.#inTime((error: SluiceError) => {
      if (error.retryable || isOfToken(error)) this.#token.failed();
      this.#events.report('error', error);
    });
    const send = this.#inTime((token: string) => {
      const accept = (result: RefreshResult) => this.#accepted(token, result);
      this.#calls.start({ type: 'refresh', token }, { accept, refuse: failed });
    });
    this.#token.renew(hurry)?.then(send, failed);
  }

  /** Looks after the connection: each second, and when something has happened to the page. */
  #look(what: Wake | false): void {
    const { state } = this;
    const offline = what === 'offline';
    // When the network is said to be gone the socket is kept: it may come back with the connection alive.
    if (state === 'connected') {
      this.#refresh();
      if (what) this.#probe(offline ? OFFLINE : AWAKE, !offline);
      else if (this.#heartbeat.silent()) this.#probe(PATIENCE);
    } else if (!what || offline) return;
    else if (state === 'waiting') this.#connect();
    else if (state === 'connecting' && this.#heartbeat.silent(OLD)) this.#dead(true);
  }

  #probe(atLeast: number, hurry?: boolean): void {
    const within = Math.max(atLeast, Math.min(SLOWEST, SLOWER * (this.#calls.pace ?? 0)));
    this.#heartbeat.probe(within, () => {
      // A line on which a large frame takes its time looks dead. Should it be alive, it gets more time on the next connection.
      if (atLeast === PATIENCE) this.#calls.pace = 2 * within;
      this.#dead(hurry);
    });
  }

  #dead(hurry?: boolean): void {
    this.lose(clientError('timed_out'));
    if (hurry && this.state === 'waiting') this.#connect();
  }

  /** Nothing happens when the attempt has come to its end meanwhile. */
  #inTime<Value>(run: (value: Value) => void): (value: Value) => void {
    const attempt = this.#attempt;
    return (value) => {
      if (attempt === this.#attempt) run(value);
    };
  }

  #later(ms: number, run: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = after(ms, run);
  }

  /** Ends everything that belongs to the present state. */
  #leave(): void {
    this.#attempt++;
    this.#cancelTimer();
    this.#heartbeat.start();
    this.#closeSocket();
    this.#closeSocket = nothing;
    this.#reconnectAfter = undefined;
  }

  #moveTo(state: ClientState, detail?: Omit<StateChange, 'state'>): void {
    this.state = state;
    this.#events.state({ state, ...detail });
  }
}
