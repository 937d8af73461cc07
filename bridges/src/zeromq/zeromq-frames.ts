/**
 * How a message is written in frames: the topic (PUB and SUB) or the id (DEALER and ROUTER), then the
 * headers as a JSON object, which may be left out, then the body.
 */
import { headersFrom, isObject, parseJson, textOf } from '../body.ts';
import type { SinkRecord } from '../sink.ts';
import { Unmappable } from '../unmappable.ts';

export interface Content {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Why the frames are no message. */
  readonly fault?: string;
}

/** The content of the frames after the topic or the id. */
export function readContent(frames: readonly Uint8Array[]): Content {
  const body = frames.at(-1);
  if (body === undefined) return { headers: {}, body: new Uint8Array(), fault: 'the message has no frame with a body' };
  const [first = body] = frames;
  if (frames.length === 1) return { headers: {}, body };
  if (frames.length > 2) {
    const fault = `the message has ${frames.length} frames after its topic or id; expected headers and a body`;
    return { headers: {}, body, fault };
  }
  try {
    return { headers: headersOf(first), body };
  } catch {
    return { headers: {}, body, fault: 'the frame with the headers is not a JSON object' };
  }
}

function headersOf(frame: Uint8Array): Readonly<Record<string, string>> {
  const value = parseJson(textOf(frame));
  if (!isObject(value)) throw new Unmappable('no object');
  return headersFrom(value);
}

/** Headers and body of a record. */
export function contentFrames({ headers, event, tags, contentType, body }: SinkRecord): [string, Buffer] {
  const named = {
    ...headers,
    ...Object.fromEntries(Object.entries(tags).map(([name, value]) => [`tag:${name}`, value])),
    ...(event !== undefined && { event }),
    'content-type': contentType,
  };
  return [JSON.stringify(named), body];
}
