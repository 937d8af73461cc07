import { type Codec, markLongNumbers } from '@sluice/protocol';

/**
 * Reads a frame as the list of its values. SPEC.md section 2.
 *
 * @throws Error with the reason, without quoting the frame, which may contain a token
 */
export function unpack(codec: Codec, data: string | Uint8Array): readonly unknown[] {
  const expected = codec.binary ? 'binary' : 'text';
  if ((typeof data === 'string') === codec.binary) {
    throw new Error(`${codec.subprotocol} frames are ${expected} messages`);
  }
  const frame = decode(codec, data);
  if (!Array.isArray(frame)) return [frame];
  if (frame.length === 0) throw new Error('the frame is an empty array');
  return frame;
}

function decode(codec: Codec, data: string | Uint8Array): unknown {
  try {
    return codec.decode(typeof data === 'string' ? markLongNumbers(data) : data);
  } catch {
    throw new Error(
      `the frame is not valid ${codec.name === 'json' ? 'JSON' : 'MessagePack as SPEC.md section 2.2 describes it'}`,
    );
  }
}
