/**
 * Refuses options that do not exist: they would be ignored silently otherwise.
 *
 * @param where the class or function, for the message
 * @throws TypeError
 */
export function refuseOthers(where: string, options: object, known: readonly string[]): void {
  const strange = Object.keys(options).find((name) => !known.includes(name));
  if (strange === undefined) return;
  throw new TypeError(`${where}: there is no option "${strange}". The options are ${known.join(', ')}`);
}
