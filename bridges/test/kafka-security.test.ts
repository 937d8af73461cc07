import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startGateway } from './support/bridge-gateway.ts';
import type { BrokerServer } from './support/broker-server.ts';
import { noKafka, startKafka } from './support/kafka-broker.ts';
import { KafkaTestClient } from './support/kafka-client.ts';

const SECRET = 'a-password-that-no-log-may-have';
const channels = { orders: { history: true }, audit: { history: true } };

/** A private certificate authority, and its certificate for 127.0.0.1. */
function makeCertificates(folder: string): void {
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority');
  const names = ['-subj', '/CN=kafka', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
  openssl('req', '-x509', ...key, '-keyout', 'server.key', '-out', 'server.pem', ...names, ...signed);
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  writeFileSync(join(folder, 'store.pem'), `${read('server.key')}${read('server.pem')}`);
}

const login = 'org.apache.kafka.common.security';
const propertiesOf = (folder: string) => ({
  'listener.security.protocol.map': 'PLAINTEXT:SASL_SSL,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'PLAINTEXT',
  'sasl.mechanism.inter.broker.protocol': 'PLAIN',
  'sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-512',
  'listener.name.plaintext.plain.sasl.jaas.config': `${login}.plain.PlainLoginModule required username="broker" password="${SECRET}" user_broker="${SECRET}" user_sluice="${SECRET}";`,
  'listener.name.plaintext.scram-sha-512.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
  ...{ 'ssl.keystore.type': 'PEM', 'ssl.keystore.location': join(folder, 'store.pem') },
  ...{ 'ssl.truststore.type': 'PEM', 'ssl.truststore.location': join(folder, 'ca.pem') },
});

describe.skipIf(noKafka)('a Kafka with TLS and SASL', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
  const caFile = join(folder, 'ca.pem');
  let server: BrokerServer;
  let client: KafkaTestClient;
  beforeAll(async () => {
    makeCertificates(folder);
    const scram = `SCRAM-SHA-512=[name=sluice,password=${SECRET}]`;
    server = await startKafka({ properties: propertiesOf(folder), format: ['--add-scram', scram] });
    const sasl = { mechanism: 'PLAIN', username: 'sluice', password: SECRET } as const;
    client = new KafkaTestClient(server.port, { sasl, tls: { ca: readFileSync(caFile) } });
  });
  afterAll(async () => {
    await client?.close();
    await server?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const start = (topic: string, more: object) => {
    const kafka = { brokers: [`127.0.0.1:${server.port}`], caFile, username: 'sluice', password: SECRET, ...more };
    return startGateway({
      channels,
      bridges: {
        in: { kafka, from: { topics: [topic], group: topic }, to: { channel: 'orders' } },
        out: { kafka, from: { channel: 'audit' }, to: { topic } },
      },
    });
  };

  it.each(['plain', 'scram-sha-512'])('is read and written with %s', async (mechanism) => {
    await client.createTopic(mechanism);
    const gateway = await start(mechanism, { mechanism });
    await gateway.publish('audit', { n: 1 });
    await expect.poll(() => gateway.data('orders')).toEqual([{ n: 1 }]);
  });

  it.each([
    ['a wrong password', { password: 'wrong', mechanism: 'scram-sha-512' }, /auth|credential/i],
    ['an authority that is not trusted', { caFile: undefined, tls: true }, /certificate/i],
  ])('refuses %s, and says so without secrets', async (_, more, reason) => {
    const gateway = await start('refused', more);
    for (const name of ['in', 'out']) {
      await expect.poll(async () => (await gateway.bridge(name)).error).toMatch(reason);
      expect(await gateway.bridge(name)).toMatchObject({ state: expect.stringMatching(/waiting|connecting/) });
      expect((await gateway.bridge(name)).error).not.toContain(SECRET);
    }
  });

  it('does not start with a file that does not exist', async () => {
    const starting = (async () => start('refused', { caFile: '/no/such/file.pem' }))();
    await expect(starting).rejects.toThrow('bridges.in.kafka.caFile: the file /no/such/file.pem does not exist');
  });
});
