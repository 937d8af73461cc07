/** Above so many, names are not listed. */
const NAMED = 3;

/** Who writes just now, e.g. `ada and bob are typing…`; empty where nobody does. */
export function typingWords(names: readonly string[]): string {
  if (names.length === 0) return '';
  if (names.length > NAMED) return 'Several people are typing…';
  return `${listed(names)} ${names.length === 1 ? 'is' : 'are'} typing…`;
}

/** Who came and who went, as one sentence for a screen reader; empty where nobody did. */
export function comingWords(came: readonly string[], left: readonly string[]): string {
  const parts = [
    ...(came.length > 0 ? [`${brief(came)} came in`] : []),
    ...(left.length > 0 ? [`${brief(left)} left`] : []),
  ];
  return parts.join('; ');
}

/** How many are here, e.g. `1 person`. */
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
