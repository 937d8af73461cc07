const TOPICS: Record<string, string> = {
  lobby: 'Where everybody comes in',
  design: 'Shapes, words and colours',
  engineering: 'How it works, and why',
  random: 'Everything else',
  announcements: 'Everybody reads, admins post',
};

/** One line about a room. */
export function topicOf(room: string): string {
  return TOPICS[room] ?? 'A room of your own: whoever knows its name may come in';
}
