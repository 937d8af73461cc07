/** Maximum number of listed names. */
const NAMED = 3;

/** Who is typing, e.g. `ada and bob are typing…`; empty if no one is. */
export function typingWords(names: readonly string[]): string {
  if (names.length === 0) return '';
  if (names.length > NAMED) return 'Several people are typing…';
  return `${listed(names)} ${names.length === 1 ? 'is' : 'are'} typing…`;
}

/** Joins and leaves as one sentence for a screen reader; empty if there are none. */
export function membershipWords(joined: readonly string[], left: readonly string[]): string {
  const parts = [
    ...(joined.length > 0 ? [`${brief(joined)} joined`] : []),
    ...(left.length > 0 ? [`${brief(left)} left`] : []),
  ];
  return parts.join('; ');
}

/** A number of people, e.g. `1 person`. */
export function countWords(count: number): string {
  return count === 1 ? '1 person' : `${count.toLocaleString('en')} people`;
}

function brief(names: readonly string[]): string {
  return names.length > NAMED ? countWords(names.length) : listed(names);
}

function listed(names: readonly string[]): string {
  if (names.length < 2) return names.join();
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
