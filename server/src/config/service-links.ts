/**
 * Variables that Kubernetes and Docker write into the environment of a container for each linked
 * service.
 */

/**
 * `SLUICE_PORT=tcp://10.0.0.1:80`, for a Service or a link named "sluice".
 * https://kubernetes.io/docs/tutorials/services/connect-applications-service/
 */
const PORT = /^(?:tcp|udp|sctp):\/\/\S+:\d+$/i;

/** `SLUICE_REDIS_NAME=/gateway/sluice-redis`, for a link of Docker named "sluice-redis". */
const NAME = /^\/[\w.-]+\/[\w.-]+$/;

/**
 * Was this variable written for a service whose name collides with our variables, and not by the
 * operator?
 */
export function isServiceLink(variable: string, value: string): boolean {
  const text = value.trim();
  return (variable.endsWith('_PORT') && PORT.test(text)) || (variable.endsWith('_NAME') && NAME.test(text));
}

/** The remark for the operator about an ignored variable. */
export function serviceLinkNote(variable: string, value: string): string {
  return `${variable}=${value} is ignored: Kubernetes or Docker wrote it for a service of that name. To set the option, use the file or a flag; to remove the variable, set enableServiceLinks: false`;
}
