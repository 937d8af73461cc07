import { describe, expect, it } from 'vitest';
import type { StreamBody } from './http.ts';
import { type Streaming, UwsStream } from './uws-stream.ts';

/**
 * A native response in memory: it buffers what its reader does not read, and sends that only
 * together with new data.
 */
class FakeResponse {
  read = '';
  kept = '';
  room = Number.POSITIVE_INFINITY;
  ended = false;
  #onWritable: () => boolean = () => true;
  #isCorked = false;

  cork(task: () => void): void {
    this.#isCorked = true;
    task();
    this.#isCorked = false;
  }
  write(chunk: string): boolean {
    if (!this.#isCorked || this.ended) throw new Error('written outside of a cork, or after the end');
    this.kept += chunk;
    const taken = Math.min(this.room, this.kept.length);
    this.read += this.kept.slice(0, taken);
    this.kept = this.kept.slice(taken);
    this.room -= taken;
    return this.kept === '';
  }
  onWritable(task: () => boolean): void {
    this.#onWritable = task;
  }
  end(): void {
    this.ended = true;
  }
  /** The reader reads more. */
  take(bytes: number): void {
    this.room = bytes;
    this.#onWritable();
  }
}

function setUp() {
  const response = new FakeResponse();
  const events: string[] = [];
  const body: StreamBody = {
    filler: ':',
    open: () => ({ drained: () => events.push('drained'), closed: () => events.push('closed') }),
    abandon: () => events.push('abandoned'),
  };
  return { response, events, stream: new UwsStream(response as unknown as Streaming, body) };
}

describe('a stream over a native response', () => {
  it('reports when a reader falls behind and when it has caught up', () => {
    const { response, events, stream } = setUp();
    response.room = 3;
    expect([stream.write('abc'), stream.write('def')]).toEqual([true, false]);
    response.take(2);
    expect([response.read, events]).toEqual(['abcde', []]);
    response.take(100);
    expect([response.read, events]).toEqual(['abcdef::', ['drained']]);
  });

  it('sends data that is buffered for a reader that was not known to be behind', () => {
    const { response, events } = setUp();
    response.kept = 'rest';
    response.take(100);
    expect([response.read, events]).toEqual(['rest:', []]);
  });

  it('does nothing after its end, or after its client has disconnected', () => {
    const { response, events, stream } = setUp();
    stream.end();
    expect([response.ended, stream.write('x')]).toEqual([true, false]);
    stream.cut();
    expect(events).toEqual([]);
    const other = setUp();
    other.stream.cut();
    expect([other.stream.write('x'), other.events]).toEqual([false, ['closed']]);
  });
});
