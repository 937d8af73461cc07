/** What a process that tests kill, and the test, know of its schedules. */

export const CHANNEL = 'later:a';

export const CONFIG = {
  channels: {
    'later:{id}': { allow: { '*': 'users' }, history: { count: 100_000, age: '365d' }, schedule: { max: 50_000 } },
  },
} as const;

/** A line of its output. */
export type ScheduleEvent =
  | { readonly scheduled: string; readonly at: number }
  | { readonly withdrawing: string; readonly time: number }
  | { readonly withdrawn: string; readonly time: number }
  | { readonly time: number };
