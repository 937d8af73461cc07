import * as parts from '../on-demand.ts';

/** Stands in the worker for `load-parts.ts`: the worker is one file, which loads nothing lazily. */
export const loadParts = async () => parts;
