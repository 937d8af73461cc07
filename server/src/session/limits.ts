import type { Rate } from '../auth/rule.ts';
import { Refusal } from '../channels/refusal.ts';
import { TokenBucket } from '../util/token-bucket.ts';

/** A client that was refused so often in a row, without ever waiting, is closed. */
const MOST_STRIKES = 200;

export interface RateSettings {
  /** Commands. `null`: unlimited. */
  readonly operations: Rate | null;
  /** Bytes of frames. `null`: unlimited. */
  readonly bytes: Rate | null;
}

/** How much one connection may send: token buckets for commands and bytes, and for publishing under each rule. SPEC.md section 10. */
export class ConnectionLimits {
  readonly #operations: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;
  #publishing: Map<Rate, TokenBucket> | undefined;
  #strikes = 0;

  constructor({ operations, bytes }: RateSettings, now: number) {
    this.#operations = operations === null ? undefined : new TokenBucket({ ...operations, now });
    this.#bytes = bytes === null ? undefined : new TokenBucket({ ...bytes, now });
  }

  /** Does the client go on and on above its limits? */
  get exhausted(): boolean {
    return this.#strikes >= MOST_STRIKES;
  }

  /** Takes a command that came with so many bytes of its own. */
  takeCommand(bytes: number, now: number): Refusal | null {
    const wait = Math.max(this.#operations?.take(1, now) ?? 0, this.#bytes?.take(bytes, now) ?? 0);
    return this.#judge(wait, 'this connection sends too much');
  }

  /** Takes a publish under a rule that limits them. */
  takePublish(rate: Rate | null, channel: string, now: number): Refusal | null {
    if (rate === null) return null;
    this.#publishing ??= new Map();
    let bucket = this.#publishing.get(rate);
    if (bucket === undefined) {
      bucket = new TokenBucket({ ...rate, now });
      this.#publishing.set(rate, bucket);
    }
    return this.#judge(
      bucket.take(1, now),
      `"${channel}" takes at most ${rate.perSecond} publishes a second from a connection`,
    );
  }

  #judge(wait: number, detail: string): Refusal | null {
    if (wait === 0) {
      this.#strikes = 0;
      return null;
    }
    this.#strikes++;
    return new Refusal('rate_limited', `${detail}; wait ${wait} ms`, wait);
  }
}
