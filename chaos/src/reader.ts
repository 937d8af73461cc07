import type { Gap, Message } from '@sluice/client';
import type { Position } from '@sluice/protocol';
import { at, checkGapRange, checkGapReason, classifyMessage } from '../../server/test/support/delivery-rules.ts';
import { isSafe, ruleOf } from './channels.ts';
import type { Ledger, Payload } from './ledger.ts';

export interface ReaderOptions {
  readonly channel: string;
  readonly ledger: Ledger;
  /** Does the engine keep everything that it acknowledged? */
  readonly keeps: boolean;
  readonly onFault: (text: string) => void;
}

/**
 * Checks what one application receives from one channel, by SPEC.md section 7 and a stricter rule:
 * the handler gets no message twice, and a gap begins exactly at the reader's position.
 */
export class Reader {
  readonly channel: string;
  readonly #ledger: Ledger;
  readonly #keeps: boolean;
  readonly #onFault: (text: string) => void;
  /** After the last message or gap that was delivered. */
  position: Position | undefined;
  received = 0;
  gaps = 0;
  /** Messages that gaps covered, if the gaps have a number. */
  lost = 0;
  /** The ends of the gaps whose messages the log must have dropped. */
  readonly retired: Position[] = [];
  // Messages within the last gap that follow it, because the rule keeps the newest ones.
  #owed: { count: number; after: number } | undefined;

  constructor({ channel, ledger, keeps, onFault }: ReaderOptions) {
    this.channel = channel;
    this.#ledger = ledger;
    this.#keeps = keeps;
    this.#onFault = (text) => onFault(`${channel}: ${text}`);
  }

  /** The subscription is live for the first time, at this position. */
  begin(position: Position | undefined): void {
    this.position ??= position;
  }

  message({ channel, epoch, offset, id, data }: Message<Payload>): void {
    this.received++;
    const place = { epoch, offset };
    this.#note(this.#ledger.saw({ channel, epoch, offset, id, n: data.n }));
    if (this.#owes(place)) return;
    const verdict = classifyMessage(this.position, place);
    if (verdict === 'repeat') this.#onFault(`received ${at(place)} twice; its position is ${at(this.position)}`);
    if (verdict === 'hole') this.#onFault(`received ${at(place)} without a gap after ${at(this.position)}`);
    this.position = place;
  }

  #owes({ epoch, offset }: Position): boolean {
    const owed = this.#owed;
    if (owed === undefined) return false;
    const within = epoch === this.position?.epoch && offset > owed.after && offset <= this.position.offset;
    owed.count--;
    owed.after = offset;
    if (owed.count === 0 || !within) this.#owed = undefined;
    if (!within) this.#onFault(`a gap announced later messages, but ${epoch}/${offset} followed`);
    return within;
  }

  gap(gap: Gap): void {
    const { from, to, reason, lost, channel } = gap;
    this.gaps++;
    this.lost += lost ?? 0;
    this.#note(checkGapRange(this.position, gap));
    if (at(from) !== at(this.position))
      this.#onFault(`received a gap from ${at(from)}, but its position is ${at(this.position)}`);
    const rule = ruleOf(channel);
    this.#note(checkGapReason(gap, rule, undefined));
    const report = `received a gap from ${at(from)} to ${at(to)}, ${reason}`;
    if (isSafe(channel) && !(reason === 'epoch_changed' && !this.#keeps)) this.#onFault(report);
    else if (reason === 'epoch_changed' && this.#keeps && rule.history !== undefined)
      this.#onFault(`${report}, but the engine keeps all messages`);
    if (reason === 'retention') this.retired.push(to);
    this.position = to;
    const count = lost === undefined ? 0 : to.offset - from.offset - lost;
    this.#owed = count > 0 ? { count, after: from.offset } : undefined;
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined) this.#onFault(problem);
  }
}
