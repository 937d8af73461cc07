import type { Base, Broker, fetchV17 } from '@platformatic/kafka';
import type { BridgeOptions } from '@sluice/server/bridging';
import { type KafkaClient, kafkaOptions } from './kafka-connection.ts';
import type { KafkaPartition } from './kafka-partition.ts';
import { tolerateLeaderless } from './tolerate-leaderless.ts';

/** Milliseconds that a broker waits for records. */
const WAIT = 1_000;
const READ_COMMITTED = 1;
/** Without a fetch session: brokers have few, and would keep one for each fetch. */
const NO_SESSION = [0, -1] as const;

/** The versions that the client knows have the same arguments. */
type FetchApi = typeof fetchV17.api;
export type FetchResponse = fetchV17.FetchResponse;

/** Partitions that one broker leads. */
export interface Leader {
  readonly id: number;
  readonly broker: Broker;
  readonly partitions: readonly KafkaPartition[];
}

export interface KafkaFetcherParts {
  readonly client: KafkaClient;
  readonly connection: BridgeOptions;
  /** About how many bytes one fetch may bring. */
  readonly maxBytes: number;
}

/**
 * Fetches records with connections of its own: a broker answers the requests of a connection one after
 * the other, so a fetch that waits would delay heartbeats and commits.
 *
 * It calls the API of Kafka directly. The client's own `fetch` drops aborted records only if the end
 * of their transaction is in the same response, and throws in a callback if a transaction was empty.
 */
export class KafkaFetcher {
  readonly #client: KafkaClient;
  readonly #base: Base;
  readonly #maxBytes: number;
  #api: Promise<FetchApi> | undefined;

  constructor({ client, connection, maxBytes }: KafkaFetcherParts) {
    this.#client = client;
    this.#base = tolerateLeaderless(client, new client.Base(kafkaOptions(connection)));
    this.#maxBytes = maxBytes;
  }

  /** Who leads the partitions now. Those without a leader are left out; rejects if all are. */
  async leaders(partitions: readonly KafkaPartition[]): Promise<readonly Leader[]> {
    const names = [...new Set(partitions.map(({ topic }) => topic))];
    const { brokers, topics } = await this.#base.metadata({ topics: names });
    const led = new Map<number, KafkaPartition[]>();
    for (const each of partitions) {
      const id = topics.get(each.topic)?.partitions[each.partition]?.leader ?? -1;
      led.set(id, [...(led.get(id) ?? []), each]);
    }
    const leaders = [...led].flatMap(([id, list]) => {
      const broker = brokers.get(id);
      return broker === undefined ? [] : [{ id, broker, partitions: list }];
    });
    if (leaders.length === 0 && partitions.length > 0)
      throw new Error(`no partition of "${names.join(', ')}" has a leader`);
    return leaders;
  }

  /** Fetches from one broker: from the first partition that has something, then the others. */
  async fetch({ broker, partitions }: Leader): Promise<FetchResponse> {
    this.#api ??= this.#findApi();
    const [api, connection] = await Promise.all([this.#api, this.#base.connections.get(broker)]);
    const topics = partitions.map(({ topicId, partition, next }) => ({
      topicId,
      partitions: [
        {
          ...{ partition, fetchOffset: next, currentLeaderEpoch: -1, lastFetchedEpoch: -1 },
          partitionMaxBytes: this.#maxBytes,
        },
      ],
    }));
    return api.async(connection, WAIT, 1, this.#maxBytes, READ_COMMITTED, ...NO_SESSION, topics, [], '');
  }

  #findApi(): Promise<FetchApi> {
    return new Promise((resolve, reject) => {
      this.#base[this.#client.kGetApi]<fetchV17.FetchRequest, FetchResponse>('Fetch', (error, api) => {
        if (api === undefined) reject(error);
        else resolve(api);
      });
    });
  }

  async close(): Promise<void> {
    await this.#base.close().catch(() => {}); // it is lost already
  }
}
