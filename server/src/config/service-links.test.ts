import { describe, expect, it } from 'vitest';
import { load } from './load.ts';
import { OPTION_ROWS } from './options.ts';
import { isServiceLink } from './service-links.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const variables = [...new Set(OPTION_ROWS.flatMap(({ env }) => env ?? []))];

/**
 * The variables that Kubernetes writes for a Service.
 * https://kubernetes.io/docs/concepts/containers/container-environment/
 */
function kubernetes(service: string, port = '6379', protocol = 'tcp'): Record<string, string> {
  const [address, upper] = ['10.96.0.17', protocol.toUpperCase()];
  const url = `${protocol}://${address}:${port}`;
  return {
    [`${service}_SERVICE_HOST`]: address,
    [`${service}_SERVICE_PORT`]: port,
    [`${service}_SERVICE_PORT_HTTP`]: port,
    [`${service}_PORT`]: url,
    [`${service}_PORT_${port}_${upper}`]: url,
    [`${service}_PORT_${port}_${upper}_PROTO`]: protocol,
    [`${service}_PORT_${port}_${upper}_PORT`]: port,
    [`${service}_PORT_${port}_${upper}_ADDR`]: address,
  };
}

/** The variables that Docker writes for `--link redis:alias`. */
const docker = (alias: string): Record<string, string> => ({
  ...kubernetes(alias),
  [`${alias}_NAME`]: `/gateway/${alias.toLowerCase()}`,
  [`${alias}_ENV_REDIS_VERSION`]: '7.4.1',
});

/** Every name of a service whose variables could collide with ours: all prefixes of ours. */
const services = [
  ...new Set(
    variables.flatMap((name) => {
      const words = name.split('_');
      return words.map((_, at) => words.slice(0, at + 1).join('_'));
    }),
  ),
];

const loaded = (env: Record<string, string>) =>
  load({ env: { SLUICE_SECRET: SECRET, ...env }, flags: {}, cwd: '/', terminal: false });

describe('variables of service links', () => {
  it.each(services)('of a service named %s have no effect', async (service) => {
    const { config } = await loaded({});
    for (const links of [kubernetes(service), kubernetes(service, '53', 'udp'), docker(service)]) {
      const linked = await loaded(links);
      expect({ ...linked.config, node: '' }).toEqual({ ...config, node: '' });
    }
  });

  it('are reported if they have the name of an option', async () => {
    const { gathered } = await loaded({ ...kubernetes('SLUICE', '80'), ...docker('SLUICE_REDIS') });
    expect(gathered.notes).toHaveLength(2);
    expect(gathered.notes?.[0]).toMatch(/^SLUICE_PORT=tcp:\/\/10\.96\.0\.17:80 is ignored/);
    expect(gathered.notes?.[1]).toMatch(/^SLUICE_REDIS_NAME=/);
  });

  it('do not hide the next variable of the option', async () => {
    const { config } = await loaded({ ...kubernetes('SLUICE', '80'), PORT: '9000' });
    expect(config.port).toBe(9000);
  });

  it.each<[string, string, boolean]>([
    ['SLUICE_PORT', 'tcp://10.0.0.1:80', true],
    ['SLUICE_PORT', 'udp://10.0.0.1:53', true],
    ['SLUICE_PORT', 'tcp://[fd00::1]:80', true],
    ['SLUICE_PORT', ' tcp://10.0.0.1:80\n', true],
    ['SLUICE_PORT', 'tcp://10.0.0.1', false],
    ['SLUICE_PORT', 'http://10.0.0.1:80', false],
    ['SLUICE_PORT', 'eighty', false],
    ['SLUICE_REDIS_NAME', '/gateway/sluice-redis', true],
    ['SLUICE_REDIS_NAME', 'mymaster', false],
    ['SLUICE_REDIS_URLS', 'tcp://10.0.0.1:80', false],
  ])('%s=%s: %s', (variable, value, expected) => {
    expect(isServiceLink(variable, value)).toBe(expected);
  });

  it('are still a problem if they are only invalid', async () => {
    await expect(loaded({ SLUICE_PORT: 'http://10.0.0.1:80' })).rejects.toThrow('from SLUICE_PORT');
  });
});
