// The contract that snippets import as an application imports its own.
import { defineChannels } from '@sluice/client/contracts';
import { z } from 'zod';

export const channels = defineChannels({
  'chat:{room}': { message: z.object({ text: z.string() }), rule: { allow: { '*': 'users' }, history: true } },
});
