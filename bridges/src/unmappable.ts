/** The record cannot be mapped, now or later. The message does not repeat its body. */
export class Unmappable extends Error {
  override readonly name = 'Unmappable';
}
