import type { InboundBridge } from '@sluice/server/bridging';
import { numberOption } from '../options.ts';
import type { OpenSource, Source, SourceRecord } from '../source.ts';
import type { SourceHost } from '../systems.ts';
import { unlessLost } from '../unless-lost.ts';
import { causeOf, type KafkaClient } from './kafka-connection.ts';
import { type FetchResponse, KafkaFetcher, type Leader } from './kafka-fetcher.ts';
import { KafkaGroup } from './kafka-group.ts';
import { partitionName } from './kafka-partition.ts';
import { recordsOf } from './kafka-records.ts';

/** Reads topics as a member of a consumer group. */
export class KafkaSource implements Source {
  readonly spreads = true;
  readonly #client: KafkaClient;
  readonly #config: InboundBridge;
  readonly #host: SourceHost;
  /** Of a connection that was lost. The group waits for the end of its session before it accepts another one. */
  #memberId: string | null = null;

  constructor(client: KafkaClient, config: InboundBridge, host: SourceHost) {
    this.#client = client;
    this.#config = config;
    this.#host = host;
  }

  async open(): Promise<OpenSource> {
    const { connection, from } = this.#config;
    const parts = { client: this.#client, connection, maxBytes: numberOption(from, 'maxBytes') };
    const of = { client: this.#client, config: this.#config, host: this.#host };
    const source = new OpenKafkaSource({
      fetcher: new KafkaFetcher(parts),
      group: (failed) => new KafkaGroup({ ...of, memberId: this.#memberId, failed }),
      left: (memberId) => {
        this.#memberId = memberId;
      },
    });
    await source.start();
    return source;
  }
}

interface OpenKafkaSourceParts {
  readonly fetcher: KafkaFetcher;
  readonly group: (failed: (error: unknown) => void) => KafkaGroup;
  /** Called at the end, with the member that is still in the group. */
  readonly left: (memberId: string | null) => void;
}

class OpenKafkaSource implements OpenSource {
  readonly #parts: OpenKafkaSourceParts;
  readonly #group: KafkaGroup;
  #buffer: SourceRecord[] = [];
  /** By the id of the leader. */
  readonly #fetches = new Map<number, Promise<void>>();
  /** Aborts with the error that ended the connection. */
  readonly #lost = new AbortController();
  #turn = 0;

  constructor(parts: OpenKafkaSourceParts) {
    this.#parts = parts;
    this.#group = parts.group((error) => this.#fail(error));
  }

  async start(): Promise<void> {
    try {
      await this.#group.join();
    } catch (error) {
      this.#fail(error);
      await this.close();
      throw causeOf(error);
    }
  }

  async read(most: number): Promise<readonly SourceRecord[]> {
    while (this.#buffer.length === 0) await this.#orFail(this.#fill());
    const records = this.#buffer.splice(0, most);
    // While these are published, the next ones come.
    if (this.#buffer.length === 0) await this.#orFail(this.#fetchAll());
    return records;
  }

  /** Waits until a fetch has ended, or for partitions to read. */
  async #fill(): Promise<void> {
    await this.#fetchAll();
    const fetches = [...this.#fetches.values()];
    await Promise.race(fetches.length === 0 ? [this.#group.change()] : fetches);
  }

  /** Fetches from every broker from which no fetch is on its way. */
  async #fetchAll(): Promise<void> {
    const assigned = await this.#group.partitions();
    this.#group.report();
    const partitions = [...assigned.values()];
    // Another one comes first each time, so that a busy partition does not delay the others.
    const at = this.#turn++ % Math.max(1, partitions.length);
    const leaders = await this.#parts.fetcher.leaders([...partitions.slice(at), ...partitions.slice(0, at)]);
    for (const leader of leaders) {
      if (this.#fetches.has(leader.id)) continue;
      const fetch = this.#fetch(leader).finally(() => this.#fetches.delete(leader.id));
      this.#fetches.set(leader.id, fetch);
      fetch.catch((error) => this.#fail(error));
    }
  }

  async #fetch(leader: Leader): Promise<void> {
    const { responses } = await this.#parts.fetcher.fetch(leader);
    const assigned = await this.#group.partitions();
    this.#buffer = this.#buffer.filter(({ once }) => !('id' in once) && assigned.has(once.partition));
    for (const partition of leader.partitions) {
      // It may have been assigned to another member meanwhile.
      const isOwn = assigned.get(partitionName(partition)) === partition;
      const response = isOwn ? responseOf(responses, partition) : undefined;
      if (response === undefined) continue;
      // One by one: a compressed response may have more records than a call may have arguments.
      for (const record of recordsOf(partition, response)) this.#buffer.push(record);
    }
  }

  acknowledge(records: readonly SourceRecord[]): Promise<void> {
    return this.#orFail(this.#group.commit(records));
  }

  /** The broker has nothing to wait for. When the hold ends, the status forgets the latest error. */
  async hold(): Promise<void> {
    this.#group.reportAgain();
  }

  async #orFail<T>(work: Promise<T>): Promise<T> {
    try {
      return await unlessLost(this.#lost.signal, work);
    } catch (error) {
      this.#fail(error);
      throw causeOf(error);
    }
  }

  #fail(error: unknown): void {
    if (!this.#lost.signal.aborted) this.#lost.abort(causeOf(error));
  }

  async close(): Promise<void> {
    const isLost = this.#lost.signal.aborted;
    this.#fail(new Error('the source was closed'));
    this.#parts.left(isLost ? this.#group.memberId : null);
    await Promise.all([isLost ? this.#group.abandon() : this.#group.leave(), this.#parts.fetcher.close()]);
  }
}

const responseOf = (
  responses: FetchResponse['responses'],
  { topicId, partition }: { readonly topicId: string; readonly partition: number },
) =>
  responses
    .filter((topic) => topic.topicId === topicId)
    .flatMap(({ partitions }) => partitions)
    .find(({ partitionIndex }) => partitionIndex === partition);
