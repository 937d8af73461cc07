import { formatDeliveryId } from '../delivery-id.ts';
import type { Claim, DeadLetter, DeadPage, DeathReason, Delivery, GroupGap, GroupStats } from '../groups.ts';
import { readMessage } from './message-text.ts';

/** A claim, and the newest message that it delivers. */
export interface ReadClaim {
  readonly claim: Claim;
  readonly newest: { readonly offset: number; readonly id: string };
}

type ClaimAnswer = [
  epoch: string,
  wait: string,
  dead: number,
  gaps: string[],
  deliveries: string[],
  expired: number,
  dropped: number,
  isFenced?: 1,
];

/** Reads the answer of `CLAIM`. */
export function readClaim(answer: unknown, token: string): ReadClaim {
  const [epoch, wait, dead, gaps, parts, expired, dropped, isFenced] = answer as ClaimAnswer;
  const deliveries: Delivery[] = [];
  let newest = { offset: 0, id: '' };
  for (let at = 0; at < parts.length; at += DELIVERY) {
    const [offset = 0, attempt = 0, time = 0] = parts.slice(at, at + DELIVERY - 1).map(Number);
    const { id, message } = readMessage(parts[at + DELIVERY - 1] ?? '', offset, time);
    deliveries.push({ id: formatDeliveryId({ offset, token, epoch }), attempt, message });
    if (offset > newest.offset) newest = { offset, id };
  }
  const claim = { epoch, deliveries, gaps: gaps.map(readGap), wait: Number(wait), dead, expired, dropped };
  return { claim: isFenced === 1 ? { ...claim, isFenced: true } : claim, newest };
}

/** Parts of a delivery: offset, attempt, time, content. */
const DELIVERY = 4;

function readGap(text: string): GroupGap {
  const [fromEpoch = '', from, toEpoch = '', to, reason] = text.split(' ');
  return {
    from: { epoch: fromEpoch, offset: Number(from) },
    to: { epoch: toEpoch, offset: Number(to) },
    reason: reason as GroupGap['reason'],
  };
}

/** Reads the answer of `STATS`. */
export function readStats(answer: unknown): GroupStats {
  const [epoch, floor, head, ready, inFlight, delayed, dead, oldest] = answer as (string | undefined)[];
  return {
    epoch: String(epoch),
    floor: Number(floor),
    head: Number(head),
    ready: Number(ready),
    inFlight: Number(inFlight),
    delayed: Number(delayed),
    dead: Number(dead),
    oldest: oldest == null ? null : Number(oldest),
  };
}

/** Reads the answer of `DEAD`. */
export function readDeadPage(answer: unknown): DeadPage {
  const [total, letters] = answer as [number, [string, string[]][]];
  return { total, letters: letters.map(readLetter) };
}

function readLetter([id, parts]: readonly [string, readonly string[]]): DeadLetter {
  const fields = new Map<string, string>();
  for (let at = 0; at < parts.length; at += 2) fields.set(parts[at] ?? '', parts[at + 1] ?? '');
  const get = (name: string) => fields.get(name) ?? '';
  const error = fields.get('x');
  return {
    ordinal: Number.parseInt(id, 10),
    epoch: get('e'),
    reason: get('r') as DeathReason,
    deliveries: Number(get('d')),
    ...(error === undefined ? undefined : { error }),
    time: Number(get('t')),
    message: readMessage(get('m'), Number(get('o')), Number(get('s'))).message,
  };
}
