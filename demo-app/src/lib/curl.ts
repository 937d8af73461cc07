import { segment } from '@sluice/client/contracts';

interface NotificationCurl {
  /** The address of the gateway, e.g. `http://localhost:8080`. */
  readonly origin: string;
  readonly user: string;
  /** Absent if development mode is off: then the line reads it from the environment. */
  readonly apiKey?: string | undefined;
}

/** The command that a backend developer pastes into a terminal to notify a user, as one line for a POSIX shell. */
export function notificationCurl({ origin, user, apiKey }: NotificationCurl): string {
  const data = { title: 'Build finished', body: 'main is green again.' };
  const body = JSON.stringify({ channel: `user:${segment(user)}`, event: 'notification', data });
  const bearer =
    apiKey === undefined ? '"Authorization: Bearer $SLUICE_API_KEY"' : quote(`Authorization: Bearer ${apiKey}`);
  return `curl -X POST ${origin}/api/v1/publish -H ${bearer} -H 'Content-Type: application/json' -d ${quote(body)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
