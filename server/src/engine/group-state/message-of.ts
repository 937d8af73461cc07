import type { LoggedMessage } from '../logged-message.ts';
import type { Entry } from './entry.ts';
import type { GroupLog } from './operation.ts';

/** The message of an entry; `undefined`: the log has lost it. */
export const messageOf = ({ offset, copy }: Entry, log: GroupLog): LoggedMessage | undefined =>
  copy ?? (offset >= log.first && offset <= log.head ? log.at(offset) : undefined);
