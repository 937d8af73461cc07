/**
 * What a client does after a close, by the code's range. Any other code, such as 1006, means
 * `reconnect`.
 */
export type AfterClose = 'reconnect' | 'new_token' | 'stop';

/**
 * Returns what a client does after its connection was closed. SPEC.md section 8.2.
 *
 * @param code close code of the WebSocket
 */
export function afterClose(code: number): AfterClose {
  if (code >= 4100 && code < 4200) return 'new_token';
  if (code >= 4200 && code < 4300) return 'stop';
  return 'reconnect';
}
