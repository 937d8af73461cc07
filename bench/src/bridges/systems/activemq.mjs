import rhea from 'rhea';
import { bodyOf, headersOf, IN_FLIGHT } from '../messages.mjs';

const QUEUE = 'bench';

const link = (port) =>
  rhea.create_container().connect({
    ...{ host: '127.0.0.1', port, reconnect: false, username: 'anonymous' },
    tcp_no_delay: true,
  });

/** Sends as many as the broker gives credit for, and resolves when all are accepted. */
function sendAll(port, { count, messageOf, onDone = () => {} }) {
  const connection = link(port);
  const sender = connection.open_sender({ target: { address: QUEUE, capabilities: ['queue'] } });
  return new Promise((resolve) => {
    let next = 1;
    let accepted = 0;
    const fill = () => {
      while (next <= count && next - accepted <= IN_FLIGHT && sender.sendable()) sender.send(messageOf(next++));
    };
    sender.on('sendable', fill);
    sender.on('accepted', () => {
      accepted++;
      onDone(1);
      fill();
      if (accepted < count) return;
      connection.close();
      resolve();
    });
  });
}

export const activemq = {
  title: 'ActiveMQ Artemis',
  broker: 'artemis',
  count: 20_000,
  bridge: (port) => ({ activemq: { url: `amqp://127.0.0.1:${port}` } }),
  from: { queue: QUEUE },
  to: { address: QUEUE },

  async prepare() {},

  fill(port, count) {
    const messageOf = (n) => ({ durable: true, message_id: `${n}`, body: rhea.message.data_section(bytesOf(n)) });
    return sendAll(port, { count, messageOf });
  },

  async read({ port, onDone }) {
    const source = { address: QUEUE, capabilities: ['queue'] };
    const receiver = link(port).open_receiver({ source, credit_window: 0, autoaccept: false });
    receiver.on('message', ({ message, delivery }) => {
      JSON.parse(message.body.content.toString());
      delivery.accept();
      receiver.add_credit(1);
      onDone(1);
    });
    receiver.add_credit(IN_FLIGHT);
  },

  async send({ port, count, onDone }) {
    const messageOf = (n) => ({
      ...{ durable: true, message_id: `bench/${n}`, group_id: 'bridged', content_type: 'application/json' },
      application_properties: { ...headersOf(n, 'cloudEvents_'), _AMQ_DUPL_ID: `bench/${n}` },
      body: rhea.message.data_section(bytesOf(n)),
    });
    await sendAll(port, { count, messageOf, onDone });
  },
};

const bytesOf = (n) => Buffer.from(bodyOf(n));
