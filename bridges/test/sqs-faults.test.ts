import * as client from '@aws-sdk/client-sqs';
import type { InboundBridge, OutboundBridge } from '@sluice/server/bridging';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SinkRecord } from '../src/sink.ts';
import { SqsSink } from '../src/sqs/sqs-sink.ts';
import { SqsSource } from '../src/sqs/sqs-source.ts';
import { FakeSqs, md5, type SqsAnswer } from './support/fake-sqs.ts';

const DAY = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

function commonOf({ endpoint }: FakeSqs) {
  const connection = { endpoint, region: 'test', accessKeyId: 'a-key', secretAccessKey: 'a-secret' };
  return { name: 'b', system: 'sqs', connection, origin: 'sluice', inFlight: 100 };
}

const queueOf = ({ endpoint }: FakeSqs) => `${endpoint}/1/orders.fifo`;

interface Entry {
  readonly Id: string;
  readonly VisibilityTimeout?: number;
  readonly MessageBody?: string;
}

const entriesOf = (input: unknown): readonly Entry[] => (input as { Entries: readonly Entry[] }).Entries;

/** Messages with the given numbers. */
const messagesOf = (...numbers: readonly number[]) => ({
  Messages: numbers.map((n) => ({ MessageId: `m${n}`, ReceiptHandle: `r${n}`, Body: `${n}`, MD5OfBody: md5(`${n}`) })),
});

async function openSource(answers: Record<string, SqsAnswer>, { dedupe = 7 * DAY } = {}) {
  const fake = await FakeSqs.start(answers);
  const config: InboundBridge = {
    ...{ ...commonOf(fake), direction: 'in', dedupe, poison: { kind: 'stop' } },
    ...{ from: { queue: queueOf(fake), visibility: 10_000, envelope: 'none' }, to: { channel: 'a', data: 'json' } },
  };
  const source = await new SqsSource(client, config).open();
  onTestFinished(() => source.close());
  return { fake, source };
}

describe('a bridge from Amazon SQS', () => {
  it('needs a window that is as long as the queue keeps messages', async () => {
    await expect(openSource({}, { dedupe: DAY })).rejects.toThrow('Set "dedupe" of the bridge to at least "345600s"');
  });

  it('extends what is held when half of its time has passed', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { fake, source } = await openSource({ ReceiveMessage: () => messagesOf(1, 2) });
    const records = await source.read(10);
    await source.hold?.(records);
    vi.advanceTimersByTime(4_900);
    await source.hold?.(records);
    expect(fake.inputs('ChangeMessageVisibilityBatch')).toEqual([]);
    vi.advanceTimersByTime(200);
    await source.hold?.(records);
    await source.hold?.(records);
    const [first, ...others] = fake.inputs('ChangeMessageVisibilityBatch');
    expect(entriesOf(first)).toEqual([
      { Id: '0', ReceiptHandle: 'r1', VisibilityTimeout: 10 },
      { Id: '1', ReceiptHandle: 'r2', VisibilityTimeout: 10 },
    ]);
    expect(others).toEqual([]);
  });

  it('fails if SQS does not delete one of the messages, and gives back what it has left', async () => {
    const { fake, source } = await openSource({
      ReceiveMessage: () => messagesOf(1, 2, 3),
      DeleteMessageBatch: () => ({ Failed: [{ Id: '1', Code: 'InternalError', SenderFault: false }] }),
    });
    const records = await source.read(10);
    await expect(source.acknowledge(records)).rejects.toThrow('SQS did not delete 1 messages: InternalError');
    await source.close();
    const [released] = fake.inputs('ChangeMessageVisibilityBatch');
    expect(entriesOf(released).map(({ VisibilityTimeout }) => VisibilityTimeout)).toEqual([0, 0, 0]);
  });

  it('ends a long poll at once', async () => {
    const { fake, source } = await openSource({ ReceiveMessage: () => new Promise(() => {}) });
    const read = expect(source.read(10)).rejects.toThrow();
    await expect.poll(() => fake.inputs('ReceiveMessage')).toHaveLength(1);
    await source.close();
    await read;
  });

  it('reads a full queue with several calls, and an empty one with a single long poll', async () => {
    let left = 60;
    const take = (most: number) => messagesOf(...Array.from({ length: Math.min(most, left) }, () => left--));
    const { fake, source } = await openSource({ ReceiveMessage: (input) => take(Number(input.MaxNumberOfMessages)) });
    const lengths: number[] = [];
    for (let at = 0; at < 5; at++) lengths.push((await source.read(25)).length);
    expect(lengths).toEqual([10, 20, 25, 5, 0]);
    const waits = fake.inputs('ReceiveMessage').map(({ WaitTimeSeconds }) => WaitTimeSeconds);
    expect(waits).toEqual([20, ...[0, 0], ...[0, 0, 0], ...[0, 0, 0], 20]);
  });
});

const recordOf = (offset: number, body = `${offset}`): SinkRecord => ({
  ...{ id: `audit/e/${offset}`, channel: 'audit', epoch: 'e', offset, event: undefined, tags: {} },
  ...{ headers: {}, contentType: 'application/json', body: Buffer.from(body) },
});

async function createSink(answer: SqsAnswer) {
  const fake = await FakeSqs.start({ SendMessageBatch: answer });
  const config: OutboundBridge = {
    ...{ ...commonOf(fake), direction: 'out', from: { channel: 'audit' }, envelope: 'raw' },
    to: { queue: queueOf(fake), batch: 10 },
  };
  const sink = new SqsSink(client, config);
  const open = async () => {
    const opened = await sink.open();
    onTestFinished(() => opened.close());
    return opened;
  };
  const bodies = () =>
    fake.inputs('SendMessageBatch').map((input) => entriesOf(input).map(({ MessageBody = '' }) => MessageBody));
  return { open, bodies };
}

const sent = ({ Id, MessageBody = '' }: Entry) => ({ Id, MessageId: Id, MD5OfMessageBody: md5(MessageBody) });

describe('a bridge to Amazon SQS', () => {
  it('reports which messages SQS has accepted when it did not accept others', async () => {
    const { open } = await createSink((input) => ({
      Successful: entriesOf(input)
        .filter(({ MessageBody }) => MessageBody !== '12')
        .map(sent),
      Failed: entriesOf(input)
        .filter(({ MessageBody }) => MessageBody === '12')
        .map(({ Id }) => ({ Id, Code: 'InternalError', SenderFault: false })),
    }));
    const records = Array.from({ length: 25 }, (_, at) => recordOf(at + 1));
    const confirmed: number[] = [];
    const sending = (await open()).send(records, (at) => confirmed.push(at + 1));
    await expect(sending).rejects.toThrow('SQS did not accept 1 messages: InternalError');
    expect(confirmed).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20]);
  });

  it('makes no call larger than SQS accepts', async () => {
    const { open, bodies } = await createSink((input) => ({ Successful: entriesOf(input).map(sent) }));
    const large = JSON.stringify('x'.repeat(150_000));
    const records = [recordOf(1), recordOf(2, large), recordOf(3, large), ...[4, 5, 6, 7, 8].map((at) => recordOf(at))];
    await (await open()).send([...records, ...[9, 10, 11, 12, 13, 14].map((at) => recordOf(at))]);
    expect(bodies().map(({ length }) => length)).toEqual([2, 10, 2]);
  });
});
