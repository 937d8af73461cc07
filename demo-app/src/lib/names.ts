const ADJECTIVES = ['calm', 'bright', 'quiet', 'swift', 'patient', 'gentle', 'clear', 'steady', 'merry', 'bold'];
const CREATURES = ['heron', 'otter', 'kingfisher', 'minnow', 'willow', 'swan', 'beaver', 'dipper', 'reed', 'lily'];

const LONGEST = 32;

/**
 * Turns what a person typed into one segment of a channel name. SPEC.md section 3.1: `user:<name>` must be a channel.
 *
 * @returns the empty string when nothing usable remains
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

/** Turns what a person typed into a room's name: like a person's, without a leading `#`, in lower case. */
export function toRoomName(text: string): string {
  return toName(text).toLowerCase();
}

/**
 * Makes up a friendly name, e.g. `calm-heron`.
 *
 * @param random a number from 0 to below 1
 */
export function suggestName(random: () => number = Math.random): string {
  const pick = (words: readonly string[]) => words[Math.floor(random() * words.length)] ?? '';
  return `${pick(ADJECTIVES)}-${pick(CREATURES)}`;
}

/** Two letters for a person's mark: `calm-heron` is `CH`, `ada` is `AD`. */
export function initials(name: string): string {
  const [first = '', second] = name.split(/[-_.]+/).filter((word) => word !== '');
  const letters = second === undefined ? first.slice(0, 2) : first.slice(0, 1) + second.slice(0, 1);
  return letters.toUpperCase();
}

/** A hue that always belongs to the same name: one of ten, so that neighbours are told apart. In degrees. */
export function hueOf(name: string): number {
  let hash = 2166136261;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 16777619);
  return ((hash >>> 8) % 10) * 36 + 12;
}
