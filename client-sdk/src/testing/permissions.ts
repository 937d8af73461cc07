import { matchPattern, type Pattern, parsePattern } from '@sluice/protocol';

/** What a user can be denied on a channel. */
export type ChannelVerb =
  | 'subscribe'
  | 'publish'
  | 'history'
  | 'presence'
  | 'enter'
  | 'request'
  | 'respond'
  | 'consume';

/** To whom a denial applies. */
export interface DenyOptions {
  /** The denied user. Default: all users. */
  readonly user?: string;
}

interface Denial {
  readonly verb: ChannelVerb | '*';
  readonly pattern: Pattern;
  readonly user: string | undefined;
}

/** Permits everything that is not denied. */
export class Permissions {
  #denials: Denial[] = [];

  deny(verb: ChannelVerb | '*', channel: string, { user }: DenyOptions): void {
    this.#denials.push({ verb, pattern: parsePattern(channel), user });
  }

  /** Removes denials with the same pattern. */
  allow(verb: ChannelVerb | '*', channel: string, { user }: DenyOptions): void {
    this.#denials = this.#denials.filter(
      (denial) =>
        denial.pattern.source !== channel ||
        (verb !== '*' && denial.verb !== verb) ||
        (user !== undefined && denial.user !== user),
    );
  }

  allows(verb: ChannelVerb, channel: string, user: string | null): boolean {
    return !this.#denials.some(
      (denial) =>
        (denial.verb === '*' || denial.verb === verb) &&
        (denial.user === undefined || denial.user === user) &&
        matchPattern(denial.pattern, channel) !== null,
    );
  }
}
