import { z } from 'zod';
import type { Option } from './option.ts';

/** What may be done on which channels. */
export const CHANNELS_OPTIONS: readonly Option[] = [
  {
    path: 'contracts',
    schema: z.unknown(),
    defaultText: 'none',
    type: 'path',
    env: ['SLUICE_CONTRACTS'],
    flag: '--contracts <module>',
    description:
      'JavaScript module that exports `channels`, made by `defineChannels`: schemas of what is published, and rules to which `channels` may add. In a file, relative to that file; in a program, the channels themselves. See docs/contracts.md.',
  },
  {
    path: 'channels',
    schema: z.record(z.string(), z.unknown(), {
      error: 'must be an object — patterns like "chat:{room}" and their rules',
    }),
    defaultText: 'none; in development `**`, open to every user, with history',
    type: 'rules by pattern',
    description: 'What may be done on which channels. A channel that no pattern matches does not exist.',
  },
];
