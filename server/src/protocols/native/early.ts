import { type Command, connectRequired } from '@sluice/protocol';
import type { CommandFault } from '../protocol.ts';

/** The first command is `connect`. SPEC.md section 1. */
export const refuseEarly = ({ id, type }: Command): CommandFault => ({
  id,
  ...connectRequired(type),
});
