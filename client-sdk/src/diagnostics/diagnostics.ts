/**
 * Words for the console, and the log of frames. The client loads it by itself, when nobody listens to what went wrong, or with
 * `debug: true`. Importing it puts it into your own bundle, so that it is there without a network, too.
 *
 * @packageDocumentation
 */
export { explain } from './explain.ts';
export { trace } from './trace.ts';
