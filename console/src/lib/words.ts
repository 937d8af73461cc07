/** Numbers, sizes and times as the console writes them. */

const whole = new Intl.NumberFormat('en');
const short = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

export const count = (value: number): string => (value < 100_000 ? whole.format(value) : short.format(value));

/** A rate per second. */
export const rate = (value: number): string =>
  value === 0 ? '0' : value < 10 ? value.toFixed(1) : count(Math.round(value));

export const percent = (part: number): string => `${(part * 100).toFixed(part > 0 && part < 0.1 ? 1 : 0)} %`;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytes(value: number): string {
  let unit = 0;
  let size = value;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

/** Milliseconds as a length of time: `3 min`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${ms > 0 && ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });

/** A moment: the time, and the day unless it is today. */
export function moment(ms: number): string {
  const date = new Date(ms);
  const time = clock.format(date);
  return date.toDateString() === new Date().toDateString() ? time : `${day.format(date)}, ${time}`;
}

const zone = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' });

/** A moment with the time zone of the browser, which may be another than that of a schedule. */
export function zonedMoment(ms: number): string {
  const name = zone.formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? '';
  return `${moment(ms)} ${name}`;
}

/** `1 connection`, `2 connections`. */
export const many = (value: number, one: string, more = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : more}`;

/** How far a moment is from now: `in 3 min`, `3 min ago`. */
export function distance(ms: number, now = Date.now()): string {
  const far = duration(Math.max(1_000, Math.abs(ms - now)));
  return ms > now ? `in ${far}` : `${far} ago`;
}
