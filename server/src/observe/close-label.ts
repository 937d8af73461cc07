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
 * The metric label of a close code: its number if the gateway or a standard defines it, otherwise `other`. A client may
 * close with any of a thousand codes, and each label is a separate series that is never removed.
 */
export function closeLabel(code: number): string {
  return LABELS.get(code) ?? 'other';
}
