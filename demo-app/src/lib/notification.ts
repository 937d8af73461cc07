/** Reads a notification's `{ title, body }`. Backends may publish any JSON: without a title, it is shown as JSON. */
export function readNotification(data: unknown): { title: string; body: string } {
  if (typeof data !== 'object' || data === null) return { title: String(data), body: '' };
  const fields: { title?: unknown; body?: unknown } = data;
  if (typeof fields.title !== 'string') return { title: 'Notification', body: JSON.stringify(data) };
  return { title: fields.title, body: typeof fields.body === 'string' ? fields.body : '' };
}
