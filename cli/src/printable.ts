/**
 * Text of users, such as names, events and errors, may contain control characters: they could clear
 * a terminal, set its title, or fake a line. They are shown like in JSON.
 */

// The category Cc: C0, DEL and C1.
const CONTROLS = /\p{Cc}/gu;
const CONTROLS_IN_LINES = /(?![\n\t])\p{Cc}/gu;

const escapeSequence = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** A text that stays on one line. */
export function printable(text: string): string {
  return text.replace(CONTROLS, escapeSequence);
}

/** Whole output, with its line breaks and tabs. JSON keeps its value. */
export function printableLines(text: string): string {
  return text.replace(CONTROLS_IN_LINES, escapeSequence);
}
