const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const full = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeStyle: 'medium' });

const DAY = 24 * 60 * 60 * 1000;

/** The time of day, e.g. `09:41`. Times are milliseconds since the Unix epoch throughout. */
export function timeOfDay(time: number): string {
  return clock.format(time);
}

/** Date and time to the second. */
export function exactTime(time: number): string {
  return full.format(time);
}

/** Today, Yesterday, or the date, relative to `now`. */
export function dayName(time: number, now: number): string {
  const day = new Date(time).toDateString();
  if (day === new Date(now).toDateString()) return 'Today';
  if (day === new Date(now - DAY).toDateString()) return 'Yesterday';
  return date.format(time);
}

/** The approximate age of a time, e.g. `just now`, `5 min ago`, `Yesterday, 09:41`. */
export function timeAgo(time: number, now: number): string {
  const minutes = Math.floor((now - time) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes} min ago`;
  const day = dayName(time, now);
  return day === 'Today' ? timeOfDay(time) : `${day}, ${timeOfDay(time)}`;
}
