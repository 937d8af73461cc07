import { isObject } from '../body.ts';

/** A message of a topic of SNS. */
export interface SnsMessage {
  /** The same whenever SNS delivers the message. */
  readonly id: string;
  readonly topic: string;
  readonly subject: string | undefined;
  readonly attributes: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads the JSON that SNS makes of a message without raw delivery; `undefined`: it is something else. */
export function readSnsEnvelope(text: string): SnsMessage | undefined {
  const envelope = parse(text);
  if (!isObject(envelope) || envelope.Type !== 'Notification') return undefined;
  const { MessageId: id, TopicArn: topic, Subject: subject, Message: body, MessageAttributes: attributes } = envelope;
  if (typeof id !== 'string' || typeof topic !== 'string' || typeof body !== 'string') return undefined;
  return {
    ...{ id, body, topic: topic.slice(topic.lastIndexOf(':') + 1) },
    ...{ subject: typeof subject === 'string' && subject !== '' ? subject : undefined },
    attributes: isObject(attributes) ? attributesOf(attributes) : {},
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function attributesOf(attributes: Readonly<Record<string, unknown>>): Record<string, string> {
  const values = Object.entries(attributes).flatMap(([name, attribute]) =>
    isObject(attribute) && typeof attribute.Value === 'string' ? [[name, attribute.Value] as const] : [],
  );
  return Object.fromEntries(values);
}
