import type { LoggedMessage } from '../../engine/logged-message.ts';
import type { ChannelFilters, FilterGroup } from './channel-filters.ts';
import type { FilteredAudience } from './filtered-audience.ts';

/** The messages of one audience. */
export interface FilteredRun {
  readonly audience: FilteredAudience;
  /** At least one. */
  readonly messages: readonly LoggedMessage[];
}

/** Sorts messages by the filters that they match: each is compared once per filter, however many cursors have it. */
export function matching(filters: ChannelFilters, messages: readonly LoggedMessage[]): readonly FilteredRun[] {
  const groups = new Map<FilterGroup, LoggedMessage[]>();
  for (const message of messages) {
    filters.find(message, (group) => {
      const run = groups.get(group);
      if (run === undefined) groups.set(group, [message]);
      else run.push(message);
    });
  }
  const runs: FilteredRun[] = [];
  for (const [group, run] of groups) {
    for (const audience of group.audiences) if (audience.live > 0) runs.push({ audience, messages: run });
  }
  return runs;
}
