import { CONSUMERS, type Consumer, consumerKey, FINISHING_CONSUMERS } from '../groups/consumer.ts';
import type { GroupTarget } from '../groups/group-names.ts';
import type { DeliveryHolder, Groups } from '../groups/groups.ts';
import { hasRoomForConsumer } from './consumer-limit.ts';
import type { SessionContext } from './session-context.ts';

/**
 * The deliveries of a group at one connection: those of its consumer, and those that it has without
 * one, because it has stopped, or because it continues for a connection that was lost. They are given
 * back when the connection closes. SPEC.md section 12.3, rule 4.
 */
export class ConnectionDeliveries implements DeliveryHolder {
  readonly #session: SessionContext;
  readonly #target: GroupTarget;

  constructor(session: SessionContext, target: GroupTarget) {
    this.#session = session;
    this.#target = target;
  }

  settled(ids: readonly string[]): void {
    const consumer = this.#find();
    consumer?.settled(ids);
    if (consumer?.kind === FINISHING_CONSUMERS && !consumer.isBusy) this.#session.forget(consumer);
  }

  extended(ids: readonly string[], expires: number): void {
    const held = this.#find();
    if (held !== undefined) held.extended(ids, expires);
    else if (hasRoomForConsumer(this.#session)) this.#adopt(ids, expires);
    // At the limit they stay as they are: they expire after their `ackTimeout`.
  }

  #adopt(ids: readonly string[], expires: number): void {
    const consumer = (this.#session.services.groups as Groups).finishing(this.#session, this.#target);
    consumer.extended(ids, expires);
    if (!this.#session.add(consumer)) consumer.end('closed'); // the connection has closed meanwhile
  }

  #find(): Consumer | undefined {
    const { channel, group } = this.#target.ref;
    const key = consumerKey(channel, group);
    const { standings } = this.#session;
    return standings.of(CONSUMERS).get(key) ?? standings.of(FINISHING_CONSUMERS).get(key);
  }
}
