/** What the id of a delivery says. */
export interface DeliveryId {
  readonly offset: number;
  /** Of the claim. */
  readonly token: string;
  readonly epoch: string;
}

/** The id of a delivery: fenced by the claim's token, and by the epoch, in which offsets count. */
export const formatDeliveryId = ({ offset, token, epoch }: DeliveryId): string => `${offset}.${token}.${epoch}`;

const FORM = /^([1-9]\d{0,15})\.([^.]{1,32})\.(.{1,128})$/s;

/** `null`: no engine has made this id. */
export function parseDeliveryId(id: string): DeliveryId | null {
  const [, offset, token, epoch] = FORM.exec(id) ?? [];
  return offset === undefined || token === undefined || epoch === undefined
    ? null
    : { offset: Number(offset), token, epoch };
}
