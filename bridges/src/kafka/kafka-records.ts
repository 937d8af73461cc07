import { isUtf8 } from 'node:buffer';
import type { SourceRecord } from '../source.ts';
import type { FetchResponse } from './kafka-fetcher.ts';
import { type KafkaPartition, partitionName } from './kafka-partition.ts';

type PartitionResponse = FetchResponse['responses'][number]['partitions'][number];
type Batch = NonNullable<PartitionResponse['records']>[number];
type KafkaRecord = Batch['records'][number];

/** Bits of the attributes of a batch. */
const TRANSACTIONAL = 1 << 4;
const CONTROL = 1 << 5;
/** The type of a control record, in its key, that ends an aborted transaction. */
const ABORT = 0;
const NO_VALUE = Buffer.alloc(0);

/**
 * The records of a response that belong to committed transactions or to none, and moves the partition
 * behind them. A batch may begin before the offset that was asked for.
 */
export function recordsOf(
  partition: KafkaPartition,
  { records: batches = [], abortedTransactions }: PartitionResponse,
): readonly SourceRecord[] {
  const aborted = new AbortedTransactions(abortedTransactions);
  return batches.flatMap((batch) => {
    const isSkipped = aborted.includes(batch);
    const after = partition.next;
    const end = batch.firstOffset + BigInt(batch.lastOffsetDelta) + 1n;
    if (end > partition.next) partition.next = end;
    const found = isSkipped ? [] : batch.records;
    return found.flatMap((record) => {
      const offset = batch.firstOffset + BigInt(record.offsetDelta);
      return offset < after ? [] : [recordOf(partition, record, offset)];
    });
  });
}

/** Which batches of a partition were aborted by their producers. */
class AbortedTransactions {
  readonly #starts: { readonly producerId: bigint; readonly firstOffset: bigint }[];
  readonly #open = new Set<bigint>();

  constructor(aborted: PartitionResponse['abortedTransactions']) {
    this.#starts = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  }

  /** Is there nothing to read in the batch? Called for each batch in order. */
  includes({ firstOffset, lastOffsetDelta, attributes, producerId, records }: Batch): boolean {
    const last = firstOffset + BigInt(lastOffsetDelta);
    while ((this.#starts[0]?.firstOffset ?? last + 1n) <= last) {
      this.#open.add(this.#starts.shift()?.producerId ?? -1n);
    }
    if ((attributes & CONTROL) !== 0) {
      if (typeOf(records[0]?.key) === ABORT) this.#open.delete(producerId);
      return true;
    }
    return (attributes & TRANSACTIONAL) !== 0 && this.#open.has(producerId);
  }
}

/** The type of a control record; `undefined`: it is none that is known. */
const typeOf = (key: Buffer | null | undefined): number | undefined =>
  key == null || key.length < 4 ? undefined : key.readInt16BE(2);

function recordOf(partition: KafkaPartition, record: KafkaRecord, offset: bigint): SourceRecord {
  const { topic } = partition;
  const headers = record.headers.map(([name, value]) => [textOf(name), textOf(value)]);
  return {
    once: { partition: partitionName(partition), position: `${offset}` },
    ...{ topic, subject: topic, key: record.key == null ? undefined : textOf(record.key) },
    ...{ headers: Object.fromEntries(headers), body: record.value ?? NO_VALUE },
    ...(record.value == null && { isTombstone: true }),
  };
}

/** Two keys that are not text stay two keys. */
function textOf(bytes: Buffer | null | undefined): string {
  if (bytes == null) return '';
  return isUtf8(bytes) ? bytes.toString() : bytes.toString('base64');
}
