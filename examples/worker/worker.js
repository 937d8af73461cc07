// Takes jobs from a queue, and publishes what it has made of them. Start as many as you need: each job
// goes to one of them, and to another one if this one fails or crashes. README.md explains how.
import { createClient } from '@sluice/client';
import { consume, NackError } from '@sluice/client/queues';
import { WebSocket } from 'ws';

const {
  SLUICE_URL = 'ws://localhost:8080/ws',
  TOKEN_URL = 'http://localhost:8080/dev/token?sub=worker',
  JOBS = 'jobs:greetings',
  RESULTS = 'results:greetings',
} = process.env;

const client = createClient({
  url: SLUICE_URL,
  // The client calls this function whenever it needs a new token.
  token: async () => {
    const response = await fetch(TOKEN_URL);
    if (!response.ok) throw new Error(`No token: ${response.status}`);
    const { token } = /** @type {{ token: string }} */ (await response.json());
    return token;
  },
  // Node 20 has no global WebSocket.
  WebSocket,
});
client.on('state', ({ state, error }) => console.error(state, error?.message ?? ''));

/** @type {import('@sluice/client').Channel<{ name: string }>} */
const jobs = client.channel(JOBS);
const results = client.channel(RESULTS);

const consumer = consume(
  jobs,
  async ({ message, attempt, key }) => {
    const { name } = message.data;
    // It will never succeed: the job becomes a dead letter, and is not delivered again.
    if (typeof name !== 'string' || name === '') {
      console.error(`job ${message.offset}: it has no name`);
      throw new NackError('the job has no name', { dead: true });
    }
    // A job that is delivered twice has the same key both times, so its result is published once.
    await results.publish({ greeting: `Hello, ${name}` }, { key });
    console.log(`${message.offset}: greeted ${name}, delivery ${attempt}`);
  },
  {
    prefetch: 10,
    onError: (error, delivery) => console.error(`job ${delivery?.message.offset ?? ''}: ${error.message}`),
  },
);

// A signal ends the work: jobs in flight are finished, and no others are taken.
const signalled = new Promise((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, resolve);
});

try {
  await consumer.ready;
  console.log('ready');
  await signalled;
} catch (error) {
  // A permanent refusal, e.g. because the channel is no queue: an operator must fix it.
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
await consumer.stop();
client.close();
