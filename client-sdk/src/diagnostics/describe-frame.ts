import type { Codec, Command, ServerMessage } from '@sluice/protocol';

/** Fields of a message that may be logged: no tokens and no application data. */
const SHOWN = ['id', 'channel', 'offset', 'epoch', 'state', 'reason', 'code', 'name', 'retryAfter', 'limit'] as const;

/** The messages of a frame; none if it cannot be read. */
export function decodeFrame(codec: Codec, data: string | Uint8Array): readonly (Command | ServerMessage)[] {
  try {
    return [codec.decode(data)].flat() as (Command | ServerMessage)[];
  } catch {
    return [];
  }
}

/** A message in one line: its type, channel and offsets. */
export function describeMessage(message: Command | ServerMessage): string {
  const fields = message as unknown as Readonly<Record<string, unknown>>;
  const inner = (fields.error ?? fields.result ?? {}) as Readonly<Record<string, unknown>>;
  const facts = SHOWN.flatMap((name) => {
    const value = fields[name] ?? inner[name];
    return value === undefined || typeof value === 'object' || (name === 'state' && message.type === 'enter')
      ? []
      : [`${name} ${String(value)}`];
  });
  const offsets = listOffsets(fields.messages ?? inner.messages);
  return [message.type, ...facts, ...offsets].join(' ');
}

function listOffsets(messages: unknown): readonly string[] {
  if (!Array.isArray(messages) || messages.length === 0) return [];
  const [first, last] = [messages[0], messages.at(-1)] as { readonly offset: number }[];
  return [`offsets ${first?.offset} to ${last?.offset}`];
}
