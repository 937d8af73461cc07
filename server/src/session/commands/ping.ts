import type { Handler } from '../handler.ts';

/** A sign of life, with the time of day: a client whose clock was set compares anew. SPEC.md section 4.7. */
export const ping: Handler<'ping'> = ({ services }) => ({ time: services.clock.now() });
