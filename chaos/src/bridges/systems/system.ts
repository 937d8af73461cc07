import type { BrokerServer } from '../../../../bridges/test/support/broker-server.ts';
import type { Broker } from '../../../../bridges/test/support/brokers.ts';
import type { Sent } from '../judge.ts';

/** A message for a broker. */
export interface Produced {
  /** 1, 2, 3… */
  readonly n: number;
  /** Names its channel. */
  readonly key: string;
  readonly body: string;
}

/** A source and a destination in a running broker, both empty at first. */
export interface SoakRig {
  /** The options of the system, and both ends, for `bridges` of the configuration. */
  readonly connection: Readonly<Record<string, unknown>>;
  /** The options of the system for the inbound bridge, if they are not the same. */
  readonly inboundConnection?: Readonly<Record<string, unknown>>;
  readonly from: Readonly<Record<string, unknown>>;
  readonly to: Readonly<Record<string, unknown>>;
  /** Where a bridge finds the key: a placeholder of its templates. */
  readonly key: string;
  /** Stores messages in their order, each once. Rejects if some may be missing: then it is called again. */
  produce(messages: readonly Produced[]): Promise<void>;
  /**
   * What the source of the broker holds, in its order, if that may differ from what was produced: a
   * producer that was cut off may have stored a message twice. Absent: it cannot.
   */
  stored?(): Promise<readonly Pick<Produced, 'n' | 'key'>[]>;
  /** What the destination holds, in the order of the broker. */
  sent(): Promise<readonly Sent[]>;
  close(): Promise<void>;
}

/** One system that the soak runs. */
export interface SoakSystem {
  readonly broker: Broker;
  /** How the broker is ended. */
  readonly kill: 'SIGKILL' | 'SIGTERM';
  /** Does the broker recognise what is sent again? */
  readonly deduplicates: boolean;
  open(server: BrokerServer): Promise<SoakRig>;
}

/** Reads a message that a bridge has sent. */
export function sentOf(headers: Readonly<Record<string, string | undefined>>, body: string): Sent {
  const isGap = headers['sluice-type'] === 'sluice.gap';
  const { n = 0 } = JSON.parse(body) as { n?: number };
  return { offset: Number(headers['sluice-offset']), n, isGap };
}
