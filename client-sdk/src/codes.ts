/**
 * Codes of errors that the client creates or recognizes itself, because the catalogue is too large
 * for a page. `errors.test.ts` compares them with the catalogue.
 */
export const SLOW_READER = 4004;
export const CONNECT_REQUIRED = 4207;
export const ALREADY_CONNECTED = 4303;
export const PERMISSION_DENIED = 4306;
export const ALREADY_SUBSCRIBED = 4307;
export const NOT_SUBSCRIBED = 4308;
export const PAYLOAD_TOO_LARGE = 4309;
export const PAYLOAD_INVALID = 4310;
export const NOT_MEMBER = 4317;
export const ALREADY_CONSUMING = 4324;
export const CLOSED = 4400;
export const TIMED_OUT = 4401;
export const CONNECTION_LOST = 4402;
export const OPTION_INVALID = 4406;

/**
 * The first codes of the ranges in SPEC.md section 8: reasons to reconnect, expired tokens, permanent
 * closes, errors of commands, errors of the client.
 */
export const FIRST_CLOSE = 4000;
export const FIRST_EXPIRY = 4100;
export const FIRST_PERMANENT = 4200;
export const FIRST_OF_COMMANDS = 4300;
export const FIRST_OF_CLIENT = 4400;
