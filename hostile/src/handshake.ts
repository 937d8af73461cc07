/** Asks the gateway for a WebSocket in one of the codecs. */
export function handshake(binary: boolean): string {
  return [
    'GET /ws HTTP/1.1',
    'Host: 127.0.0.1',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Protocol: sluice.v1.${binary ? 'msgpack' : 'json'}`,
    '\r\n',
  ].join('\r\n');
}
