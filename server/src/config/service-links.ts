/** Variables that Kubernetes and Docker write into the environment of a container for each service beside it. */

/** `SLUICE_PORT=tcp://10.0.0.1:80`, for a Service or a link named "sluice". https://kubernetes.io/docs/tutorials/services/connect-applications-service/ */
const PORT = /^(?:tcp|udp|sctp):\/\/\S+:\d+$/i;

/** `SLUICE_REDIS_NAME=/gateway/sluice-redis`, for a link of Docker named "sluice-redis". */
const NAME = /^\/[\w.-]+\/[\w.-]+$/;

/** Was this variable written for a service that happens to be named like our variables, and not by the operator? */
export function isServiceLink(variable: string, value: string): boolean {
  const text = value.trim();
  return (variable.endsWith('_PORT') && PORT.test(text)) || (variable.endsWith('_NAME') && NAME.test(text));
}

/** What to tell the operator about one that was passed over. */
export function serviceLinkNote(variable: string, value: string): string {
  return `${variable}=${value} is passed over: Kubernetes or Docker wrote it for a service of that name. To set the option, use the file or a flag; to be rid of the variable, set enableServiceLinks: false`;
}
