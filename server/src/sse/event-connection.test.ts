import { describe, expect, it } from 'vitest';
import type { HttpStream } from '../transport/http.ts';
import { StreamTopics } from '../transport/stream-topics.ts';
import { Turn } from '../util/turn.ts';
import { EventConnection } from './event-connection.ts';

const LIMIT = 1_000;
const POSITION = 'id: a position of some length';

/** A stream connection whose reader reads everything, until it is told to stop. */
function open({ reads = true } = {}) {
  const reader = { reads, written: '', ended: false };
  const counts = { overflows: 0, drains: 0 };
  const stream: HttpStream = {
    write(bytes) {
      reader.written += String(bytes);
      return reader.reads;
    },
    end() {
      reader.ended = true;
    },
  };
  const connection = new EventConnection({
    id: 'c1',
    address: '127.0.0.1',
    topics: new StreamTopics({ publish() {}, batchLimit: 16_384 }, new Turn()),
    limit: LIMIT,
    position: () => POSITION,
    closed() {},
  });
  connection.listen({
    frame() {},
    overflow: () => counts.overflows++,
    drain: () => counts.drains++,
    closed() {},
  } as never);
  return { connection, reader, counts, stream };
}

const event = (size: number) => 'x'.repeat(size);

describe('an event stream', () => {
  it('does not overflow from one event above its limit if the reader keeps up', () => {
    const { connection, counts, stream, reader } = open();
    connection.open(stream);
    connection.receive(event(40_000), 40_000);
    connection.flush();
    expect(reader.written).toContain(event(40_000));
    expect(counts.overflows).toBe(0);
    expect(connection.hasRoom(1)).toBe(true);
  });

  it('overflows once when a reader stops, and has room again when it drains', () => {
    const { connection, counts, stream, reader } = open({ reads: false });
    connection.open(stream);
    for (let turn = 0; turn < 100; turn++) {
      connection.receive(event(100), 100);
      connection.flush();
    }
    expect(counts.overflows).toBe(1);
    expect(connection.hasRoom(1)).toBe(false);
    reader.reads = true;
    connection.drained();
    expect(connection.hasRoom(1)).toBe(true);
  });

  it('counts the lines with its position among the bytes that a slow reader may hold', () => {
    const { connection, counts, stream } = open({ reads: false });
    connection.open(stream);
    let turns = 0;
    while (counts.overflows === 0 && turns < 1_000) {
      turns++;
      connection.receive('x', 1);
      connection.flush();
    }
    expect(turns).toBeLessThan(LIMIT / POSITION.length + 2);
  });

  it('sends everything that is left if it closed before it was opened', () => {
    const { connection, stream, reader } = open({ reads: false });
    for (const text of ['one', 'two']) connection.receive(event(70_000) + text, 70_003);
    connection.close(4102, 'token_revoked');
    connection.open(stream);
    expect(reader.written).toMatch(/one.*two/s);
    expect(reader.ended).toBe(true);
  });
});
