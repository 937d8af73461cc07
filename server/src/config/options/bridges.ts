import { z } from 'zod';
import { option } from './option.ts';

/** Bridges to message brokers. */
export const BRIDGES_OPTIONS = {
  bridges: option({
    schema: z.record(z.string(), z.custom<Readonly<Record<string, unknown>>>(), {
      error: 'must be an object of names and bridges. Example: { orders: { redis: { … }, from: { … }, to: { … } } }',
    }),
    defaultText: 'none',
    type: 'bridges by name',
    description:
      'Bridges between channels and message brokers; they need the package `@sluice/bridges`. See docs/bridges.md.',
  }),
};
