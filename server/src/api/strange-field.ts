import { Refusal } from '../refusal.ts';

/** Names of the field `event` in other products. */
const EVENT_ELSEWHERE = ['name', 'type', 'kind', 'topic', 'eventName', 'event_name'];

/**
 * Refuses a message with a field of another name. The field would be lost silently: with `name` instead
 * of `event`, a message is published without an event.
 */
export function refuseStrangeField(message: object, fields: readonly string[]): Refusal | null {
  const strange = Object.keys(message).find((name) => !fields.includes(name));
  if (strange === undefined) return null;
  const near = nearest(strange, fields);
  const meant = near === undefined ? '.' : `; did you mean "${near}"?`;
  const shown = JSON.stringify(strange.slice(0, 40));
  return new Refusal('command_invalid', `a message has no field ${shown}${meant} Its fields are ${fields.join(', ')}`);
}

function nearest(name: string, fields: readonly string[]): string | undefined {
  if (EVENT_ELSEWHERE.includes(name) && fields.includes('event')) return 'event';
  return fields.find((field) => field === name.toLowerCase());
}
