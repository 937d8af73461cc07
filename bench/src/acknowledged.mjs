/** Publishes over WebSockets, each acknowledged: what they cost the gateway, its processor and its disk. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { answer, cpuSeconds, startAnywhere, stop } from './processes.mjs';
import { tokenFor } from './tokens.mjs';
import { FrameReader, openSocket, textFrame } from './wire.mjs';

const DATA = JSON.stringify('x'.repeat(128));
/** Seconds of publishing before the measurement. */
const WARM_UP = 1;
/** The number of the command in a reply; ids of messages are strings. */
const NUMBER = /"id":(\d+)/g;

/** A connection that keeps a number of publishes in flight. */
class Publisher {
  /** Milliseconds that each publish took. */
  times = [];
  #sent = new Map();
  #next = 10;
  #socket;
  #channel;
  #going = true;

  constructor(channel) {
    this.#channel = channel;
  }

  async open(port, inFlight) {
    const reader = new FrameReader((text) => this.#receive(text));
    this.#socket = await openSocket(port, (chunk) => reader.read(chunk));
    this.#socket.write(textFrame(JSON.stringify([{ type: 'connect', id: 1, token: tokenFor(this.#channel) }])));
    this.#publish(inFlight);
  }

  #publish(count) {
    const frames = [];
    for (let at = 0; at < count; at++) {
      const id = this.#next++;
      const head = `{"type":"publish","id":${id},"channel":"${this.#channel}","key":"${this.#channel}-${id}"`;
      frames.push(textFrame(`${head},"data":${DATA}}`));
      this.#sent.set(id, performance.now());
    }
    this.#socket.write(Buffer.concat(frames));
  }

  #receive(text) {
    if (text.includes('"error"')) throw new Error(`the gateway refused: ${text.slice(0, 300)}`);
    const now = performance.now();
    let done = 0;
    for (const [, id] of text.matchAll(NUMBER)) {
      const sent = this.#sent.get(Number(id));
      if (sent === undefined) continue;
      this.#sent.delete(Number(id));
      this.times.push(now - sent);
      done++;
    }
    if (done > 0 && this.#going) this.#publish(done);
  }

  close() {
    this.#going = false;
    this.#socket.destroy();
  }
}

const writtenBytes = ({ pid }) => Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))[1]);
const pass = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function measureServer(server, publishers, seconds) {
  for (const publisher of publishers) publisher.times = [];
  const before = { cpu: cpuSeconds(server), written: writtenBytes(server), at: performance.now() };
  await pass(seconds);
  const elapsed = (performance.now() - before.at) / 1000;
  const times = publishers.flatMap((publisher) => publisher.times).sort((a, b) => a - b);
  const at = (share) => times[Math.floor(times.length * share)] ?? Number.NaN;
  return {
    perSecond: times.length / elapsed,
    p50: at(0.5),
    p99: at(0.99),
    bytesPerAck: (writtenBytes(server) - before.written) / times.length,
    cpuPerAck: ((cpuSeconds(server) - before.cpu) * 1e6) / times.length,
  };
}

/**
 * @param connections publishers, each with its channel
 * @param inFlight publishes that each has on their way
 */
export async function measureAcknowledged({ engine, connections, inFlight, seconds, folder = tmpdir() }) {
  const data = mkdtempSync(join(folder, 'sluice-bench-'));
  const server = startAnywhere('acknowledged-server.mjs', [engine, data]);
  const publishers = Array.from({ length: connections }, (_, at) => new Publisher(`bench:${at}`));
  try {
    const port = await answer(server, 'port');
    await Promise.all(publishers.map((publisher) => publisher.open(port, inFlight)));
    await pass(WARM_UP);
    return await measureServer(server, publishers, seconds);
  } finally {
    for (const publisher of publishers) publisher.close();
    await stop(server);
    rmSync(data, { recursive: true, force: true });
  }
}
