import { PLAIN, type Variant } from './audience.ts';

/** Variants by subscription id. */
const variants: Variant[] = [];

/** The variant of a subscription without anything but an id: messages as they are. SPEC.md section 4.3. */
export function variantOf(sub: number | undefined): Variant {
  if (sub === undefined) return PLAIN;
  variants[sub] ??= Object.freeze({ key: String(sub), sub });
  return variants[sub];
}

/** Names a subscription among those of one connection. "#" is in no channel's name. */
export const keyOf = (channel: string, sub: number | undefined): string =>
  sub === undefined ? channel : `${channel}#${sub}`;
