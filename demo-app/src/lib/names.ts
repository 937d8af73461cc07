const ADJECTIVES = ['calm', 'bright', 'quiet', 'swift', 'patient', 'gentle', 'clear', 'steady', 'merry', 'bold'];
const CREATURES = ['heron', 'otter', 'kingfisher', 'minnow', 'willow', 'swan', 'beaver', 'dipper', 'reed', 'lily'];

const LONGEST = 32;

/**
 * Converts user input to one segment of a channel name. SPEC.md section 3.1: `user:<name>` must be a channel.
 *
 * @returns the empty string if no usable characters remain
 */
export function toName(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^A-Za-z0-9_.-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, LONGEST)
    .replace(/-+$/, '');
}

/** Converts user input to a room name: like a user name, without a leading `#`, in lower case. */
export function toRoomName(text: string): string {
  return toName(text).toLowerCase();
}

/**
 * Generates a friendly name, e.g. `calm-heron`.
 *
 * @param random a number from 0 to below 1
 */
export function suggestName(random: () => number = Math.random): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? '';
  return `${pick(ADJECTIVES)}-${pick(CREATURES)}`;
}

/** The initials of a name: `calm-heron` is `CH`, `ada` is `AD`. */
export function initials(name: string): string {
  const [first = '', second] = name.split(/[-_.]+/).filter((word) => word !== '');
  const letters = second === undefined ? first.slice(0, 2) : first.slice(0, 1) + second.slice(0, 1);
  return letters.toUpperCase();
}

/** A fixed hue of a name, in degrees. One of ten, so that adjacent hues are distinguishable. */
export function hueOf(name: string): number {
  let hash = 2166136261;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
  return ((hash >>> 8) % 10) * 36 + 12;
}
