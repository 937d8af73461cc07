/** Clients that speak the protocol as far as a benchmark needs it, all in this process. */
import { tokenFor } from './tokens.mjs';
import { FrameReader, openSocket, textFrame } from './wire.mjs';

/** A connection that reads every message and tracks its position on each channel. */
export class Client {
  bytes = 0;
  positions = new Map();
  /** Messages that did not follow the previous one, without a gap. */
  holes = 0;
  /** Messages that came again. */
  repeats = 0;
  gaps = 0;
  /** Commands that were carried out. */
  replies = 0;
  /** How often a cursor of it left the fast path. */
  replays = 0;
  live = new Set();
  members = 0;
  /** Called with every message that is new to it. */
  onMessage = () => {};
  onError = ({ name, message }) => {
    throw new Error(`${name}: ${message}`);
  };
  #socket;
  #stalled = false;
  #reader = new FrameReader((text) => this.#take(JSON.parse(text)));

  static async connect(port, commands, user = 'bench', { counting = false } = {}) {
    const client = new Client();
    client.#socket = await openSocket(port, (chunk) => {
      client.bytes += chunk.length;
      if (!counting) client.#reader.read(chunk);
      return !client.#stalled;
    });
    client.send([{ type: 'connect', id: 1, token: tokenFor(user) }, ...commands]);
    return client;
  }

  send(commands) {
    this.#socket.write(textFrame(JSON.stringify(commands)));
  }

  write(frames) {
    this.#socket.write(frames);
  }

  stall() {
    this.#stalled = true;
    this.#socket.pause();
  }

  resume() {
    this.#stalled = false;
    this.#socket.resume();
  }

  get closed() {
    return this.#socket.destroyed;
  }

  cut() {
    this.#socket.destroy();
  }

  #take(said) {
    for (const message of Array.isArray(said) ? said : [said]) {
      if (message.type === 'messages') this.#takeMessages(message);
      else if (message.type === 'live') this.live.add(message.channel);
      else if (message.type === 'reply') this.replies++;
      else if (message.type === 'replaying') this.replays++;
      else if (message.type === 'presence') this.members = message.total;
      else if (message.type === 'gap') {
        this.gaps++;
        this.positions.set(message.channel, message.to);
      } else if (message.type === 'error') this.onError(message.error);
    }
  }

  #takeMessages({ channel, epoch, messages }) {
    for (const message of messages) {
      const { offset } = message;
      const position = this.positions.get(channel);
      if (position !== undefined && offset <= position.offset) {
        this.repeats++;
        continue;
      }
      if (position !== undefined && offset !== position.offset + 1) this.holes++;
      this.positions.set(channel, { epoch, offset });
      this.onMessage(message);
    }
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits for a condition. Returns the milliseconds until it was true. */
export async function until(holds, most = 60_000) {
  const start = performance.now();
  while (!holds()) {
    if (performance.now() - start > most) throw new Error(`not within ${most} ms: ${holds}`);
    await pause(2);
  }
  return performance.now() - start;
}

/** Calls `send` with the number that is due, at a rate per second, for a duration. */
export async function paced(rate, seconds, send) {
  const start = performance.now();
  let sent = 0;
  while (performance.now() - start < seconds * 1000) {
    const due = Math.floor(((performance.now() - start) / 1000) * rate);
    if (due > sent) send(due - sent);
    sent = Math.max(sent, due);
    await pause(1);
  }
  return sent;
}
