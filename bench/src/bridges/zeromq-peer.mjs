/** The other end of a ZeroMQ socket: `send <port> <count>`, or `acknowledge <port>`. */
import { bodyOf } from './messages.mjs';
import { acknowledgeAll, sendAll } from './systems/zeromq.mjs';

const [what, port, count] = process.argv.slice(2);
const url = `tcp://127.0.0.1:${port}`;

if (what === 'send') await sendAll(url, { count: Number(count), framesOf: (n) => [`${n}`, bodyOf(n)] });
else await acknowledgeAll(url);
