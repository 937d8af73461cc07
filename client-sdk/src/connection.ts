import type { ConnectResult, Push, RefreshResult, Results, ServerMessage } from '@sluice/protocol';
import type { ClientEvents } from './api.ts';
import { backoff } from './backoff.ts';
import type { Body, Calls } from './calls.ts';
import type { ClientState, StateChange } from './client-state.ts';
import { CONNECTION_LOST, TIMED_OUT } from './codes.ts';
import type { Emitter } from './emitter.ts';
import { clientError, closeError, hasRunOut, isOfToken, SluiceError } from './errors.ts';
import { Heartbeat, PATIENCE } from './heartbeat.ts';
import { now } from './now.ts';
import { openSocket, type WebSocketConstructor } from './socket.ts';
import { chooseSocketClass, type SocketClassSetup } from './socket-class.ts';
import { after, type Cancel, nothing } from './timer.ts';
import { type Token, TokenSource } from './token.ts';
import { VERSION } from './version.ts';
import { listenForWake, type Wake } from './wake.ts';

export interface ConnectionSetup extends SocketClassSetup {
  readonly token?: Token;
  readonly tokenUrl?: string | URL;
  readonly calls: Calls;
  readonly observer: ConnectionEvents;
}

export interface ConnectionEvents extends Pick<Emitter<ClientEvents>, 'on'> {
  /** Always the connection's last action, because the handler may call the connection again. */
  state(change: StateChange): void;
  /** An error that changed no state. */
  report(name: 'error', error: SluiceError): void;
  /** The error that was last reported to the application. */
  reported: SluiceError | undefined;
  /** A WebSocket has opened: send the commands that follow `connect`. */
  reconcile(): void;
  push(push: Push): void;
}

// Minimum failures that count for the backoff after a protocol violation of the gateway.
const DISTRUST = 3;

// Milliseconds to wait for a pong after the device woke, and after the network was reported offline.
const AWAKE = 700;
const OFFLINE = 3000;

// Milliseconds without progress after which an attempt is given up when the device wakes.
const OLD = 5000;

// A pong may take this many times the recent round-trip time, and at most SLOWEST milliseconds.
const SLOWER = 4;
const SLOWEST = 60_000;

// Milliseconds after which a connection resets the backoff. SPEC.md section 8.3.
const STABLE = 5000;

/** Keeps one WebSocket open: connects, checks that the peer is alive, and reconnects. */
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
  // The URL for messages, without parts that may be secret.
  readonly #place: string;
  // Chosen once, because loading it may fail.
  #socketClass: ReturnType<typeof chooseSocketClass> | undefined;
  #closeSocket: Cancel = nothing;
  // The timer of the current state: the deadline of `connecting`, the end of `waiting`.
  #cancelTimer: Cancel = nothing;
  #stopListening: Cancel = nothing;
  // Counts the attempts, so that results of an older one are ignored.
  #attempt = 0;
  #failures = 0;
  #reconnectAfter: number | undefined;

  constructor(setup: ConnectionSetup) {
    this.#setup = setup;
    this.#calls = setup.calls;
    this.#events = setup.observer;
    this.#token = new TokenSource(setup);
    this.#place = setup.url.replace(/[^/]*@|\?.*/g, '');
    // Setting the clock forward looks like sleep, after which a ping is sent.
    const accept = ({ time }: Results['ping']) => this.#reckon(time);
    this.#heartbeat = new Heartbeat(() => setup.calls.start({ type: 'ping' }, { accept }));
  }

  /** Connects, unless it is connecting or connected; while `waiting`, immediately. */
  connect(): void {
    if (this.state === 'connecting' || this.state === 'connected') return;
    if (this.state !== 'waiting') {
      this.#failures = 0;
      // The token may belong to another user now.
      this.#token = new TokenSource(this.#setup);
      this.#calls.ended = undefined;
      this.#stopListening = listenForWake((what) => this.#look(what));
    }
    this.#connect();
  }

  /** Closes the connection until `connect` is called. */
  close(error?: SluiceError): void {
    if (this.state === 'closed') return;
    this.#leave();
    this.#token.halt();
    this.#stopListening();
    // A pending call reports the error by rejecting.
    if (this.#calls.end(error ?? clientError('closed', undefined, this.#calls.failure))) this.#events.reported = error;
    this.#moveTo('closed', { error } as StateChange);
  }

  /**
   * The connection is unusable: closes it, and reacts as the error's code requires. SPEC.md section 8.2.
   *
   * @param atLeast minimum number of failures for the backoff
   */
  lose(cause: SluiceError, atLeast = 0): void {
    const why = `Not connected to ${this.#place}: ${cause.message}`;
    this.#calls.failure = clientError('timed_out', why, cause);
    // "Closed: 1006" means nothing without the address.
    const { code, name } = cause;
    const vague = this.state === 'connecting' && (code === TIMED_OUT || code === CONNECTION_LOST);
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

  /** Protocol violation by the gateway: reports it, and reconnects with extra backoff. */
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
    // The token has a timer of the same length that was started earlier, with a better message.
    this.#await();
    this.#moveTo('connecting');
  }

  /** Restarts the deadline for the next step of the attempt. */
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
        receive: (message) => this.#read(message),
        lose: (code, reason) => this.lose(closeError(code, reason)),
        distrust: (error) => this.distrust(error),
      });
    } catch (cause) {
      // No constructor, a malformed URL, or ws: on an https: page: each attempt would fail.
      const why = WebSocket ? (cause as Error).message : 'pass { WebSocket } of ws.';
      this.close(clientError('closed', `WebSocket cannot be opened: ${why}`, cause));
    }
  }

  #greet(token: string | undefined): void {
    this.#calls.start(
      // Undefined fields are not sent.
      { type: 'connect', client: VERSION, token } as Body<'connect'>,
      {
        accept: (result) => this.#connected(result, token),
        refuse: (error) => this.lose(error),
      },
    );
    this.#events.reconcile();
  }

  #connected(result: ConnectResult, token: string | undefined): void {
    const { user, heartbeat, maxFrame } = result;
    // Not at once, because the gateway may accept every connection and close it right away.
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
    // An error without an id answers input that the gateway could not parse as a command.
    if (type === 'error' && !message.id) this.#events.report('error', new SluiceError(message.error));
    else if (type === 'reply' || type === 'error') this.#calls.settle(message);
    else if (type === 'drain') this.#reconnectAfter = message.reconnectAfter;
    else if (type === 'refresh') this.#refresh(true);
    else this.#events.push(message);
  }

  /** Uses the gateway's clock only, because the device's may be wrong. */
  #accepted(token: string | undefined, { expiresAt, time }: Pick<ConnectResult, 'expiresAt' | 'time'>): void {
    this.#reckon(time);
    this.#token.accept(token, (expiresAt ?? Number.POSITIVE_INFINITY) - time);
  }

  #reckon(time: number): void {
    if (time) this.skew = time - now();
  }

  /** Replaces the token on the open connection if a refresh is due. */
  #refresh(hurry = false): void {
    const failed = this.#inTime((error: SluiceError) => {
      if (error.retryable || isOfToken(error)) this.#token.fail();
      this.#events.report('error', error);
    });
    const send = this.#inTime((token: string) => {
      const accept = (result: RefreshResult) => this.#accepted(token, result);
      this.#calls.start({ type: 'refresh', token }, { accept, refuse: failed });
    });
    this.#token.renew(hurry)?.then(send, failed);
  }

  /** Checks the connection: every second, and on events of the page. */
  #look(what: Wake | false): void {
    const { state } = this;
    const offline = what === 'offline';
    // While offline, keep the socket: the network may return before the connection times out.
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
      // A slow link with a large frame looks dead. The next connection gets more time.
      if (atLeast === PATIENCE) this.#calls.pace = 2 * within;
      this.#dead(hurry);
    });
  }

  #dead(hurry?: boolean): void {
    this.lose(clientError('timed_out'));
    if (hurry && this.state === 'waiting') this.#connect();
  }

  /** Ignores the call if the attempt has ended in the meantime. */
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

  /** Ends everything that belongs to the current state. */
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
