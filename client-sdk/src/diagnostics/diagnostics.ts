/**
 * Console explanations and the frame log. The client loads this module on demand: for an error or
 * gap without a handler, or with `debug: true`. Import it to add it to your own bundle, so that it
 * also works offline.
 *
 * @packageDocumentation
 */
export { explain } from './explain.ts';
export { trace } from './trace.ts';
