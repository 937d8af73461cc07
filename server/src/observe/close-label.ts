import { ERRORS } from '@sluice/protocol';

/** Codes from here on refuse a command; none of them closes a connection. */
const COMMAND_CODES = 4300;

/** https://www.iana.org/assignments/websocket/websocket.xml, without the reserved 1004. RFC 6455 section 11.7. */
const REGISTERED = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015];

const LABELS: ReadonlyMap<number, string> = new Map(
  [...REGISTERED, ...Object.values(ERRORS).map(({ code }) => code)]
    .filter((code) => code < COMMAND_CODES)
    .map((code) => [code, String(code)]),
);

/**
 * How a close code is counted: by its number where the gateway or a standard gives it a meaning, otherwise as `other`. A client may
 * close with any of a thousand codes, and each label is a series of its own that is kept for ever.
 */
export function closeLabel(code: number): string {
  return LABELS.get(code) ?? 'other';
}
