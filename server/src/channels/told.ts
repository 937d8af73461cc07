import type { ProgressPush } from '@sluice/protocol';
import type { Clock } from '../util/clock.ts';

/** The cursor whose position is reported. */
interface Reported extends Pick<ProgressPush, 'epoch' | 'offset'> {
  readonly subject: Pick<ProgressPush, 'channel' | 'sub'>;
  readonly subscriber: { push(push: ProgressPush): void };
}

/** The position that a client surely has: the cursor may have passed messages that the client does not receive. */
export class Told {
  offset: number;
  /** When progress was sent last while the cursor replays, in ms of the monotonic clock. */
  #at: number | undefined;

  constructor(offset: number) {
    this.offset = offset;
  }

  /** Sends the cursor's position, at most once per `interval` (milliseconds). SPEC.md section 7.2, rule 7. */
  report({ subscriber, epoch, offset, subject }: Reported, clock: Clock, interval: number): void {
    const now = clock.monotonic();
    this.#at ??= now;
    if (this.offset >= offset || now < this.#at + interval) return;
    subscriber.push({ type: 'progress', ...subject, epoch, after: this.offset, offset });
    this.offset = offset;
    this.#at = now;
  }
}
