/** The faults that the tests must notice, by room. */
import { session } from './rooms/session.mjs';

/**
 * @typedef {object} Mutant
 * @property {string} file the file to change, from the root
 * @property {string} from the text to replace; it occurs exactly once in the file
 * @property {string} to
 * @property {string} fault what is wrong then, in a few words
 * @property {readonly string[]} tests the test files, or folders of them, that must notice
 */

/** @type {Record<string, readonly Mutant[]>} */
export const ROOMS = { session };
