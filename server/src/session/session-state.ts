/**
 * `new`: waits for `connect`; `authenticating`: its token is being verified, commands wait; then
 * `connected`, at last `closed`.
 */
export type SessionState = 'new' | 'authenticating' | 'connected' | 'closed';
