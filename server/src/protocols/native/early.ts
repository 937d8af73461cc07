import type { Command } from '@sluice/protocol';
import type { CommandFault } from '../protocol.ts';

/** The first command is `connect`. SPEC.md section 1. */
export const refuseEarly = ({ id, type }: Command): CommandFault => ({
  id,
  error: 'connect_required',
  detail: `the first command was "${type}"`,
});
