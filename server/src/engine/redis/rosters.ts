import type { Member } from '@sluice/protocol';
import type { PresenceChange, RosterPage } from '../presence.ts';

/**
 * Reads the answer of the script `LIST`: version, total, bytes, then an ordinal and a member in
 * turn.
 */
export function readRoster(answer: unknown): RosterPage {
  const [version, total, bytes, ...listed] = answer as (string | number)[];
  const members = [];
  for (let at = 0; at < listed.length; at += 2) {
    members.push({ ordinal: Number(listed[at]), member: JSON.parse(String(listed[at + 1])) as Member });
  }
  return { version: Number(version), total: Number(total), bytes: Number(bytes), members };
}

/** @throws SyntaxError if the text is not a change */
export function readChange(channel: string, text: string): PresenceChange {
  return { channel, ...(JSON.parse(text) as Omit<PresenceChange, 'channel'>) };
}
