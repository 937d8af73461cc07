const TOPICS: Record<string, string> = {
  lobby: 'Everyone starts here',
  design: 'Shapes, words and colours',
  engineering: 'How it works, and why',
  random: 'Everything else',
  announcements: 'Everyone can read, admins can post',
};

/** One line about a room. */
export function topicOf(room: string): string {
  return TOPICS[room] ?? 'Your own room: anyone who knows its name can join';
}
