import type { Clock } from '../util/clock.ts';
import type { HookAnswer } from './hook-answer.ts';

/** Answers that are kept; beyond that, the one that was not used for longest is dropped. */
const MOST = 20_000;

/** What an answer is about. A recheck concerns all answers about the same. */
export interface Subject {
  readonly user: string | null;
  /** Absent for `connect`. */
  readonly channel: string | undefined;
  /** Reading, which includes history; or being a member. */
  readonly operation: 'connect' | 'subscribe' | 'enter';
}

interface Remembered {
  readonly answer: HookAnswer;
  /** By the monotonic clock, in ms. */
  until: number;
  readonly subject: Subject;
}

/** Remembers the answers of hooks: fresh ones spare a question, older ones replace a hook that fails. */
export class AnswerCache {
  readonly #clock: Clock;
  readonly #answers = new Map<string, Remembered>();
  /** Keys of the answers, by user and subject. */
  readonly #keys = new Map<string | null, Map<string, Set<string>>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#answers.size;
  }

  /** An answer whose time has not passed. */
  fresh(key: string): HookAnswer | undefined {
    const found = this.#answers.get(key);
    return found !== undefined && this.#clock.monotonic() < found.until ? this.#use(key, found) : undefined;
  }

  /** The last answer, however old. */
  last(key: string): HookAnswer | undefined {
    const found = this.#answers.get(key);
    return found && this.#use(key, found);
  }

  #use(key: string, found: Remembered): HookAnswer {
    this.#answers.delete(key); // moves it to the end: the map is in the order of use
    this.#answers.set(key, found);
    return found.answer;
  }

  /** @param ttl milliseconds */
  keep(key: string, answer: HookAnswer, { subject, ttl }: { readonly subject: Subject; readonly ttl: number }): void {
    this.#delete(key);
    this.#answers.set(key, { answer, until: this.#clock.monotonic() + ttl, subject });
    this.#keysOf(subject).add(key);
    if (this.#answers.size <= MOST) return;
    const [oldest] = this.#answers.keys();
    if (oldest !== undefined) this.#delete(oldest);
  }

  /** Answers about the subject spare no question any more. They can still replace a hook that fails. */
  expire({ user, ...subject }: Subject): void {
    for (const key of this.#keys.get(user)?.get(nameOf(subject)) ?? []) this.#expire(key);
  }

  /** Expires the answers about a user on these channels; for `connect`, the channel is `undefined`. */
  expireUser(user: string, matches: (channel: string | undefined) => boolean): void {
    for (const keys of this.#keys.get(user)?.values() ?? []) {
      for (const key of keys) if (matches(this.#answers.get(key)?.subject.channel)) this.#expire(key);
    }
  }

  #expire(key: string): void {
    const found = this.#answers.get(key);
    if (found !== undefined) found.until = Number.NEGATIVE_INFINITY;
  }

  /** Forgets all answers about the subject. */
  drop({ user, ...subject }: Subject): void {
    for (const key of [...(this.#keys.get(user)?.get(nameOf(subject)) ?? [])]) this.#delete(key);
  }

  clear(): void {
    this.#answers.clear();
    this.#keys.clear();
  }

  #delete(key: string): void {
    const found = this.#answers.get(key);
    if (found === undefined) return;
    this.#answers.delete(key);
    const { user, ...subject } = found.subject;
    const subjects = this.#keys.get(user);
    const keys = subjects?.get(nameOf(subject));
    keys?.delete(key);
    if (keys?.size === 0) subjects?.delete(nameOf(subject));
    if (subjects?.size === 0) this.#keys.delete(user);
  }

  #keysOf({ user, ...subject }: Subject): Set<string> {
    const subjects = this.#keys.get(user) ?? new Map<string, Set<string>>();
    this.#keys.set(user, subjects);
    const keys = subjects.get(nameOf(subject)) ?? new Set<string>();
    subjects.set(nameOf(subject), keys);
    return keys;
  }
}

const nameOf = ({ operation, channel }: Omit<Subject, 'user'>): string => `${operation} ${channel ?? ''}`;
