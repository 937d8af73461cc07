import type { CommandType, ErrorBody, Push, Results } from '@sluice/protocol';

/** Sends messages to a tab. */
export interface Outbound {
  reply(id: number, result: Results[CommandType]): void;
  refuse(id: number, error: ErrorBody): void;
  push(push: Push): void;
}
