import { describe, expect, it } from 'vitest';
import { printable, printableLines } from './printable.ts';

const CONTROLS = [...Array(32).keys(), ...Array.from({ length: 33 }, (_, n) => 0x7f + n)].map((code) =>
  String.fromCharCode(code),
);

describe('text of users', () => {
  it('stays on one line, without any control character, and otherwise as it is', () => {
    const text = `ünïcode 🎉 ${CONTROLS.join('')} \\u001b`;
    const shown = printable(text);
    expect(shown).not.toMatch(/\p{Cc}/u);
    expect(shown).toContain('ünïcode 🎉 \\u0000\\u0001');
    expect(shown).toContain('\\u007f\\u0080');
  });

  it('keeps its lines and tabs where it is whole output, and the value of JSON', () => {
    expect(printableLines('a\tb\nc\r\u001b')).toBe('a\tb\nc\\u000d\\u001b');
    const value = { [CONTROLS.join('')]: CONTROLS };
    expect(JSON.parse(printableLines(JSON.stringify(value)))).toEqual(value);
  });
});
