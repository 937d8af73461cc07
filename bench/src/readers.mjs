/** Those who receive, as the load generator plays them. */

/** Before each timestamp; no frame's head can look like it. */
const MARK = '<@>';
const STAMP = MARK.length + 16;

const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000);

/** The timestamp in a message that a probe reads: the microsecond at which it was sent. */
export const stamp = () => `${MARK}${now()}`;

/** Counts bytes. */
export class Reader {
  bytes = 0;
  /** Is it read as soon as something comes? */
  hurried = true;
  socket;
  count = (chunk) => {
    this.bytes += chunk.length;
    return this.hurried;
  };
}

/** Finds the timestamps in the bytes. Joins a mark that is split by the end of a chunk. */
export class Probe extends Reader {
  seen = 0;
  latencies = [];
  #rest = '';

  count = (chunk) => {
    this.bytes += chunk.length;
    const at = now();
    const text = this.#rest + chunk.latin1Slice(0, chunk.length);
    let from = 0;
    for (;;) {
      const mark = text.indexOf(MARK, from);
      if (mark === -1 || mark + STAMP > text.length) {
        this.#rest = mark === -1 ? text.slice(1 - MARK.length) : text.slice(mark);
        return;
      }
      this.seen++;
      this.latencies.push((at - Number(text.slice(mark + MARK.length, mark + STAMP))) / 1000);
      from = mark + STAMP;
    }
  };

  reset() {
    this.seen = 0;
    this.latencies = [];
  }
}

/** Milliseconds in which each of a round is read once. */
const ROUND = 400;
const STEP = 4;

/** Readers that are read one after the other, each a few times a second. */
export class ReadingRound {
  #readers;
  #timer;
  #at = 0;

  constructor(readers) {
    this.#readers = readers;
  }

  begin() {
    for (const reader of this.#readers) reader.hurried = false;
    let last = performance.now();
    this.#timer = setInterval(() => {
      const passed = performance.now() - last;
      last += passed;
      this.#read(Math.ceil((passed / ROUND) * this.#readers.length));
    }, STEP);
  }

  #read(count) {
    const most = Math.min(count, this.#readers.length);
    for (let done = 0; done < most; done++) this.#readers[this.#at++ % this.#readers.length].socket.resume();
  }

  /** From here on everything is read at once. */
  end() {
    clearInterval(this.#timer);
    for (const reader of this.#readers) {
      reader.hurried = true;
      reader.socket.resume();
    }
  }
}
