/** The account of the fake, and a region that it knows. */
const ACCOUNT = '123456789012';
const REGION = 'us-east-1';
/** The fake reads from it which service is meant, and checks no signature. */
const AUTHORIZATION = `AWS4-HMAC-SHA256 Credential=key/20300101/${REGION}/sns/aws4_request, SignedHeaders=host, Signature=0`;

export interface SnsMessage {
  readonly body: string;
  readonly subject?: string;
  readonly attributes?: Readonly<Record<string, string>>;
}

/** A topic of SNS, as another program uses it. */
export class SnsTopic {
  readonly #port: number;
  readonly #arn: string;

  private constructor(port: number, name: string) {
    this.#port = port;
    this.#arn = `arn:aws:sns:${REGION}:${ACCOUNT}:${name}`;
  }

  static async create(port: number, name: string): Promise<SnsTopic> {
    const topic = new SnsTopic(port, name);
    await topic.#call('CreateTopic', { Name: name });
    return topic;
  }

  /** @param isRaw does the queue get only what was published, and no JSON of SNS? */
  async subscribe(queue: string, isRaw: boolean): Promise<void> {
    await this.#call('Subscribe', {
      ...{ TopicArn: this.#arn, Protocol: 'sqs', Endpoint: `arn:aws:sqs:${REGION}:${ACCOUNT}:${queue}` },
      ...(isRaw && { 'Attributes.entry.1.key': 'RawMessageDelivery', 'Attributes.entry.1.value': 'true' }),
    });
  }

  async publish({ body, subject, attributes = {} }: SnsMessage): Promise<void> {
    const entries = Object.entries(attributes).flatMap(([name, value], at) => {
      const entry = `MessageAttributes.entry.${at + 1}`;
      return [
        [`${entry}.Name`, name],
        [`${entry}.Value.DataType`, 'String'],
        [`${entry}.Value.StringValue`, value],
      ];
    });
    const message = { TopicArn: this.#arn, Message: body, ...(subject !== undefined && { Subject: subject }) };
    await this.#call('Publish', { ...message, ...Object.fromEntries(entries) });
  }

  async #call(Action: string, parameters: Readonly<Record<string, string>>): Promise<void> {
    const response = await fetch(`http://127.0.0.1:${this.#port}/`, {
      method: 'POST',
      headers: { authorization: AUTHORIZATION },
      body: new URLSearchParams({ Action, Version: '2010-03-31', ...parameters }),
    });
    if (!response.ok) throw new Error(`${Action}: ${await response.text()}`);
  }
}
