import type { Position } from '@sluice/protocol';
import { PROGRAM } from './auth/identity.ts';
import {
  type AdministeredGroup,
  discard,
  type GroupNumbers,
  type LetterPage,
  lettersOf,
  numbersOf,
  redrive,
  seek,
} from './groups/administration.ts';
import type { GroupList, GroupReport } from './manage/group-list.ts';
import { checkCommand, checkCount, checkLimit, orThrow, perform } from './program-checks.ts';
import type { Services } from './session/services.ts';
import { SluiceError } from './sluice-error.ts';

/** Which consumer group of a channel. Default: its only one, such as that of a queue. */
export interface GroupOption {
  readonly group?: string;
}

/** Which page of the dead letters of a group. */
export interface LettersOptions extends GroupOption {
  /** The `next` of the page before. */
  readonly after?: number;
  /** Entries of a page: 1 to 1,000; default 100. */
  readonly limit?: number;
}

/** Where a group is moved to. Exactly one of `offset` and `time` must be given. */
export interface SeekOptions extends GroupOption {
  /** The last message that counts as settled. */
  readonly offset?: number;
  /** Milliseconds since the Unix epoch; 0: the beginning of the log. */
  readonly time?: number;
}

/**
 * Queues and consumer groups: the operations of the HTTP API for the embedding program. Methods
 * reject with a `SluiceError` of the catalogue, for example `group_unknown`.
 *
 * @example
 * ```ts
 * const { letters } = await gateway.manage.groups.deadLetters('jobs:mail');
 * await gateway.manage.groups.redrive('jobs:mail', { ordinals: letters.map(({ ordinal }) => ordinal) });
 * ```
 */
export class ProgramGroups {
  readonly #services: Services;
  readonly #list: GroupList;

  constructor(services: Services, list: GroupList) {
    this.#services = services;
    this.#list = list;
  }

  /** The groups that the nodes have used lately, with their numbers. */
  list(): Promise<GroupReport> {
    return perform(() => this.#list.report());
  }

  /** The numbers of a group. */
  numbers(channel: string, { group }: GroupOption = {}): Promise<GroupNumbers> {
    return perform(() => numbersOf(this.#find(channel, group)));
  }

  /** A page of the dead letters of a group, the oldest first. */
  deadLetters(channel: string, { group, after, limit }: LettersOptions = {}): Promise<LetterPage> {
    return perform(() => {
      checkCount('after', after);
      checkLimit(limit);
      return lettersOf(this.#find(channel, group), { after, limit });
    });
  }

  /**
   * Delivers dead letters again, as if for the first time.
   *
   * @param options.ordinals which ones, at most 1,000; default: all
   * @returns how many
   */
  redrive(
    channel: string,
    { group, ordinals }: GroupOption & { readonly ordinals?: readonly number[] } = {},
  ): Promise<number> {
    return perform(() => redrive(this.#find(channel, group), ordinals));
  }

  /** Removes dead letters for good, at most 1,000. Returns how many. */
  discard(
    channel: string,
    { group, ordinals }: GroupOption & { readonly ordinals: readonly number[] },
  ): Promise<number> {
    return perform(() => discard(this.#find(channel, group), ordinals));
  }

  /**
   * Moves a group: what is before counts as settled, what is after is delivered again if the log still
   * holds it. Deliveries in flight end.
   *
   * @returns the position of the group
   */
  seek(channel: string, { group, ...target }: SeekOptions): Promise<Position> {
    return perform(() => seek(this.#find(channel, group), target, this.#services.log));
  }

  #find(channel: string, group: string | undefined): AdministeredGroup {
    checkCommand('consume', { channel, group });
    const { groups } = this.#services;
    if (groups === undefined) throw new SluiceError('group_unknown', 'the engine has no consumer groups');
    return { ...orThrow(groups.find(channel, PROGRAM, group)), groups };
  }
}
