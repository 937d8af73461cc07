import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Clock } from '../util/clock.ts';
import { CallFailed } from './call-failed.ts';
import type { AddressPolicy } from './private-addresses.ts';

export interface HttpCall {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Milliseconds until the whole answer must have arrived. */
  readonly timeout: number;
  /** Most bytes of an answer. */
  readonly maxAnswer: number;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

export interface HttpClientOptions {
  readonly policy: AddressPolicy;
  readonly clock: Clock;
  /** Connections to one host. */
  readonly connections: number;
}

const IDLE = 30_000;

/** POSTs JSON to services that the operator has configured: no redirects, permitted addresses only. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;
  readonly #lookup: LookupFunction;

  constructor(options: HttpClientOptions) {
    this.#options = options;
    const pool = {
      keepAlive: true,
      maxSockets: options.connections,
      maxFreeSockets: options.connections,
      timeout: IDLE,
    };
    this.#http = new HttpAgent(pool);
    this.#https = new HttpsAgent(pool);
    this.#lookup = permittedLookup(options.policy);
  }

  /**
   * Sends a request.
   *
   * @returns an answer with a status of 200 to 299
   * @throws CallFailed, and nothing else
   */
  async post(call: HttpCall): Promise<HttpAnswer> {
    this.#checkHost(call.url);
    const answer = await this.#exchange(call, true);
    if (answer.status >= 200 && answer.status < 300) return answer;
    const isRedirect = answer.status >= 300 && answer.status < 400;
    throw new CallFailed(
      isRedirect ? 'redirect' : 'status',
      isRedirect
        ? `answered with a redirect (${answer.status}), which is not followed`
        : `answered with ${answer.status}`,
      { status: answer.status, retryAfter: answer.retryAfter },
    );
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  /** An address in a URL is never looked up. */
  #checkHost({ hostname }: URL): void {
    const address = hostname.replace(/^\[|\]$/g, '');
    if (isIP(address) !== 0 && !this.#options.policy.allows(address)) throw notPermitted(address);
  }

  /** @param mayRetry the other side may close a connection that was kept open while a request is on its way */
  #exchange(call: HttpCall, mayRetry: boolean): Promise<HttpAnswer & { retryAfter: number | undefined }> {
    const { url, headers, body, timeout } = call;
    const isSecure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (isSecure ? httpsRequest : httpRequest)(url, {
        method: 'POST',
        agent: isSecure ? this.#https : this.#http,
        lookup: this.#lookup,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      const timer = this.#options.clock.after(timeout, () =>
        request.destroy(request.socket === null ? noConnection(timeout) : noAnswer(timeout)),
      );
      const settle = (finish: () => void): void => {
        timer.cancel();
        finish();
      };
      request.on('error', (error: NodeJS.ErrnoException) =>
        settle(() => {
          if (mayRetry && request.reusedSocket && error.code === 'ECONNRESET') resolve(this.#exchange(call, false));
          else reject(asFailure(error));
        }),
      );
      request.on('response', (response) => {
        const retryAfter = readRetryAfter(response.headers['retry-after'], this.#options.clock.now());
        readBody(request, response, call.maxAnswer).then(
          (text) => settle(() => resolve({ status: response.statusCode ?? 0, body: text, retryAfter })),
          (error: unknown) => settle(() => reject(asFailure(error))),
        );
      });
      request.end(body);
    });
  }
}

const noAnswer = (timeout: number): CallFailed =>
  new CallFailed('timeout', `did not answer within ${Math.ceil(timeout)} ms`);

/** The request is still in the queue of the agent. */
const noConnection = (timeout: number): CallFailed =>
  new CallFailed('overloaded', `waited ${Math.ceil(timeout)} ms for one of the connections to its host`);

const notPermitted = (address: string): CallFailed =>
  new CallFailed('address', `has the private address ${address}, which "privateTargets" does not list`);

/** Looks up a name, and refuses it if any of its addresses is not permitted. */
function permittedLookup(policy: AddressPolicy): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      if (error !== null) return callback(error, '', 0);
      const refused = addresses.find(({ address }) => !policy.allows(address));
      if (refused !== undefined) return callback(notPermitted(refused.address), '', 0);
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

function readBody(request: ClientRequest, response: IncomingMessage, most: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= most) {
        chunks.push(chunk);
        return;
      }
      reject(new CallFailed('too_large', `answered with more than ${most} bytes`));
      // Without the error: after a complete answer the agent owns the socket, and nobody there would handle it.
      request.destroy();
    });
    response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    response.on('error', reject);
    response.on('aborted', () => reject(new CallFailed('unreachable', 'closed the connection within its answer')));
  });
}

function asFailure(error: unknown): CallFailed {
  if (error instanceof CallFailed) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return new CallFailed('unreachable', `cannot be reached (${code ?? message})`);
}

/** Seconds, or a date. RFC 9110 section 10.2.3. */
function readRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const delay = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isFinite(delay) && delay > 0 ? delay : undefined;
}
