import type { Channels, RuleOptions } from '@sluice/protocol/contracts';
import { z } from 'zod';
import { option } from './option.ts';

/** The permissions on channels. */
export const CHANNELS_OPTIONS = {
  contracts: option({
    schema: z.custom<Channels | string>(),
    defaultText: 'none',
    type: 'path',
    env: ['SLUICE_CONTRACTS'],
    flag: '--contracts <module>',
    description:
      'JavaScript module that exports `channels`, made by `defineChannels`: schemas of what is published, and rules to which `channels` may add. In a file, relative to that file; in a program, the channels themselves. See docs/contracts.md.',
  }),
  channels: option({
    schema: z.record(z.string(), z.custom<RuleOptions>(), {
      error: 'must be an object. Write patterns like "chat:{room}" and their rules',
    }),
    defaultText: 'none; in development `**`, open to every user, with history',
    type: 'rules by pattern',
    description: 'Who may do what on which channels. A channel that no pattern matches does not exist.',
  }),
};
