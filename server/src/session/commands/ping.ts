import type { Handler } from '../handler.ts';

/** A sign of life. SPEC.md section 4.7. */
export const ping: Handler<'ping'> = () => ({});
