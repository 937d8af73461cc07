import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EngineUnavailable } from '../src/engine/engine.ts';
import { RedisEngine, type RedisEngineOptions } from '../src/engine/redis/redis-engine.ts';
import { append, startNode, WAIT } from './support/redis-node.ts';
import { freePort, startRedis, startSentinel } from './support/redis-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-tls-'));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A private certificate authority, and its certificate for 127.0.0.1. */
function makeCertificates(): void {
  const openssl = (...words: string[]) => execFileSync('openssl', words, { cwd: folder, stdio: 'ignore' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=authority');
  const names = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const signed = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-addext', 'basicConstraints=critical,CA:FALSE'];
  openssl('req', '-x509', ...key, '-keyout', 'redis.key', '-out', 'redis.pem', ...names, ...signed);
}

let behindTls: (port: number) => readonly string[];
let url: string;
let plain: string;
let ca: string;
beforeAll(async () => {
  makeCertificates();
  ca = readFileSync(at('ca.pem'), 'utf8');
  const files = [
    '--tls-cert-file',
    at('redis.pem'),
    '--tls-key-file',
    at('redis.key'),
    '--tls-ca-cert-file',
    at('ca.pem'),
  ];
  behindTls = (port) => ['--port', '0', '--tls-port', `${port}`, ...files, '--tls-auth-clients', 'no'];
  const secure = await startRedis(behindTls);
  url = secure.url.replace('redis:', 'rediss:');
  plain = secure.url;
});

async function failureOf(options: RedisEngineOptions): Promise<Error> {
  const engine = new RedisEngine({ timeout: 1_500, ...options });
  const error = await engine.start({ deliver: () => {} }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(EngineUnavailable);
  return error as Error;
}

describe('Redis behind TLS', () => {
  it('is used if its authority is trusted, for commands and feed', async () => {
    const node = await startNode({ urls: [url], ca });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await expect.poll(() => node.received, WAIT).toEqual([`${epoch} m1`]);
    expect(node.engine.trouble).toBeUndefined();
  });

  it('is refused if its authority is not trusted, and the error explains what to do', async () => {
    const { message } = await failureOf({ urls: [url] });
    expect(message).toMatch(
      /^Redis at rediss:\/\/127.0.0.1:\d+ cannot be reached: its certificate is not trusted: .*redis\.ca/,
    );
  });

  it('is refused if the certificate belongs to another host', async () => {
    const { message } = await failureOf({ urls: [url.replace('127.0.0.1', 'localhost')], ca });
    expect(message).toContain('its certificate is for another name');
  });

  it('is used if a sentinel names it', async () => {
    const sentinel = await startSentinel({ port: Number(new URL(plain).port) });
    const options = { sentinels: [`127.0.0.1:${sentinel.port}`], name: 'main', tls: true };
    const node = await startNode({ ...options, ca });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await expect.poll(() => node.received, WAIT).toContain(`${epoch} m1`);
    expect((await failureOf(options)).message).toContain('its certificate is not trusted');
  });

  it('is used if a sentinel behind TLS names it', async () => {
    const sentinel = await startSentinel({ port: Number(new URL(plain).port) }, behindTls);
    const options = { sentinels: [`127.0.0.1:${sentinel.port}`], name: 'main', tls: true, ca };
    const node = await startNode({ ...options, sentinelTls: true });
    expect(await append(node, 'm1')).toMatchObject({ offset: expect.any(Number) });
    expect((await failureOf(options)).message).toContain('cannot be reached');
  });

  it('is used if it is a cluster', async () => {
    const bus = await freePort();
    const server = await startRedis((port) => [
      ...behindTls(port),
      ...['--cluster-enabled', 'yes', '--tls-cluster', 'yes', '--cluster-port', `${bus}`],
      ...['--cluster-announce-ip', '127.0.0.1'], // a node that has met no other node does not know its address
    ]);
    const admin = new Redis({ host: '127.0.0.1', port: server.port, tls: { ca } });
    await admin.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16_383);
    await vi.waitUntil(async () => `${await admin.call('CLUSTER', 'INFO')}`.includes('cluster_state:ok'), WAIT);
    admin.disconnect();
    const node = await startNode({ urls: [server.url.replace('redis:', 'rediss:')], cluster: true, ca });
    await node.engine.log.watch('a');
    const { epoch } = await append(node, 'm1');
    await expect.poll(() => node.received, WAIT).toEqual([`${epoch} m1`]);
  });

  it('is never contacted in plain text', async () => {
    expect((await failureOf({ urls: [plain] })).message).toContain('cannot be reached');
  });
});
