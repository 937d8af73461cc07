import { describe, expect, it } from 'vitest';
import { kafkaOptions } from './kafka-connection.ts';

describe('the brokers of a connection to Kafka', () => {
  it.each([
    ['a name', 'kafka', { host: 'kafka', port: 9092 }],
    ['a name with a port', 'kafka:9093', { host: 'kafka', port: 9093 }],
    ['an IPv4 address', '10.0.0.1:9093', { host: '10.0.0.1', port: 9093 }],
    ['an IPv6 address', '[::1]', { host: '::1', port: 9092 }],
    ['an IPv6 address with a port', '[fd00::2]:9093', { host: 'fd00::2', port: 9093 }],
  ])('may be %s', (_, broker, expected) => {
    expect(kafkaOptions({ brokers: [broker] }).bootstrapBrokers).toEqual([expected]);
  });

  it.each([
    [['10.0.0.1:9093', '[::1]:9093'], false],
    [['10.0.0.1:9093', 'kafka'], true],
  ])('%j have names for TLS: %s', (brokers, expected) => {
    expect(kafkaOptions({ brokers, tls: true }).tlsServerName).toBe(expected);
  });
});
