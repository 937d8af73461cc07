import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import type { ConfigInput } from '../src/config/config.ts';
import { OPTION_ROWS } from '../src/config/options.ts';
import { parseConfig } from '../src/config/schema.ts';
import { SECRET } from './support/tokens.ts';

const file = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const folder = (path: string) => readdirSync(new URL(`../../${path}`, import.meta.url));

const thing = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
const objects = folder('deploy/kubernetes').flatMap((name) =>
  parseAllDocuments(file(`deploy/kubernetes/${name}`)).map((document) => {
    expect(document.errors, name).toEqual([]);
    return thing.parse(document.toJS());
  }),
);
const one = <T>(kind: string, shape: z.ZodType<T>): T => shape.parse(objects.find((object) => object.kind === kind));

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.literal('http') }) });
const deployment = one(
  'Deployment',
  z.object({
    spec: z.object({
      selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
      template: z.object({
        metadata: z.object({ labels: z.record(z.string(), z.string()) }),
        spec: z.object({
          terminationGracePeriodSeconds: z.number(),
          enableServiceLinks: z.literal(false),
          containers: z.tuple([
            z.object({
              ports: z.tuple([z.object({ name: z.literal('http'), containerPort: z.number() })]),
              envFrom: z.tuple([z.object({ secretRef: z.object({ name: z.string() }) })]),
              env: z.array(z.object({ name: z.string() })),
              startupProbe: probe,
              readinessProbe: probe,
              livenessProbe: probe,
              lifecycle: z.object({ preStop: z.object({ exec: z.object({ command: z.array(z.string()) }) }) }),
            }),
          ]),
        }),
      }),
    }),
  }),
).spec;
const pod = deployment.template.spec;
const [container] = pod.containers;

/** A configuration from `deploy/`, with the key that the environment provides. */
const configOf = (text: string) => parseConfig({ ...(parse(text) as ConfigInput), keys: [{ secret: SECRET }] });
const configMap = one('ConfigMap', z.object({ data: z.object({ 'sluice.yaml': z.string() }) })).data['sluice.yaml'];
const variables = new Set(OPTION_ROWS.flatMap(({ env }) => env ?? []));

describe('deploy/kubernetes', () => {
  it('contains a valid configuration', () => {
    const { engine, port } = configOf(configMap);
    expect(engine).toBe('redis');
    expect(container.ports[0].containerPort).toBe(port);
  });

  it('waits for the drain before it kills a gateway', () => {
    const [, sleep] = container.lifecycle.preStop.exec.command;
    expect(pod.terminationGracePeriodSeconds * 1_000).toBeGreaterThan(
      Number(sleep) * 1_000 + configOf(configMap).drain,
    );
  });

  it('probes existing endpoints, and does not kill a gateway because of its engine', () => {
    expect(container.livenessProbe.httpGet.path).toBe('/health/live');
    expect(container.readinessProbe.httpGet.path).toBe('/health/ready');
    const routes = file('server/src/api/routes.ts');
    for (const { httpGet } of [container.startupProbe, container.readinessProbe, container.livenessProbe]) {
      expect(routes).toContain(`'${httpGet.path}'`);
    }
  });

  it('sets only variables that the gateway reads', () => {
    const secret = one('Secret', z.object({ stringData: z.record(z.string(), z.string()) })).stringData;
    for (const name of [...Object.keys(secret), ...container.env.map((entry) => entry.name)])
      expect(variables).toContain(name);
  });

  it('refers only to names that exist', () => {
    const { labels } = deployment.template.metadata;
    expect(labels).toMatchObject(deployment.selector.matchLabels);
    const selector = one('Service', z.object({ spec: z.object({ selector: z.record(z.string(), z.string()) }) })).spec
      .selector;
    expect(labels).toMatchObject(selector);
    expect(objects.map(({ kind }) => kind).sort()).toEqual(
      [
        'ConfigMap',
        'Deployment',
        'HorizontalPodAutoscaler',
        'Ingress',
        'PodDisruptionBudget',
        'Secret',
        'Service',
      ].sort(),
    );
    expect(objects.filter(({ metadata }) => metadata.name !== 'sluice')).toEqual([]);
  });

  it('exposes only public endpoints', () => {
    const paths = z.object({
      spec: z.object({
        rules: z.tuple([z.object({ http: z.object({ paths: z.array(z.object({ path: z.string() })) }) })]),
      }),
    });
    const open = one('Ingress', paths).spec.rules[0].http.paths.map(({ path }) => path);
    expect(open).toEqual([configOf(configMap).path, '/api/']);
  });
});

describe('deploy/compose.yaml', () => {
  const service = z.looseObject({
    stop_grace_period: z.string().optional(),
    environment: z.record(z.string(), z.string()).optional(),
  });
  const { services } = z
    .object({ services: z.record(z.string(), service) })
    .parse(parse(file('deploy/compose.yaml'), { merge: true }));
  const config = configOf(file('deploy/sluice.yaml'));

  it.each(['gateway-1', 'gateway-2'])('gives %s time to drain, and variables that it reads', (name) => {
    expect(Number.parseInt(services[name]?.stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(config.drain);
    expect(services[name]?.environment?.SLUICE_NODE).toBe(name);
    for (const variable of Object.keys(services[name]?.environment ?? {})) expect(variables).toContain(variable);
  });

  it('has a Redis at the configured address, and a load balancer with both gateways', () => {
    expect(file('deploy/sluice.yaml')).toContain('redis://redis:6379');
    expect(Object.keys(services)).toEqual(expect.arrayContaining(['redis', 'balancer', 'gateway-1', 'gateway-2']));
    for (const name of ['gateway-1', 'gateway-2'])
      expect(file('deploy/nginx.conf')).toContain(`server ${name}:${config.port} `);
  });
});

describe('deploy/sluice.service', () => {
  const unit = file('deploy/sluice.service');
  const setting = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1] ?? '';

  it('starts the program directly, so that it receives SIGTERM, and waits for its drain', () => {
    const [node, program = ''] = setting('ExecStart').split(' ');
    expect(node).toBe('/usr/bin/node');
    const { name, bin } = JSON.parse(file('cli/package.json')) as { name: string; bin: { sluice: string } };
    expect(program).toBe(`/opt/sluice/node_modules/${name}/${bin.sluice.replace('./', '')}`);
    expect(setting('KillSignal')).toBe('SIGTERM');
    expect(Number(setting('TimeoutStopSec')) * 1_000).toBeGreaterThan(configOf(file('deploy/sluice.yaml')).drain);
    expect(Number(setting('LimitNOFILE'))).toBeGreaterThan(100_000);
  });
});

describe('the proxies', () => {
  const config = configOf(file('deploy/sluice.yaml'));
  const seconds = (text: string, name: string) => Number(new RegExp(`${name} (\\d+)s`).exec(text)?.[1]);

  it.each([
    ['deploy/nginx.conf', 'proxy_read_timeout'],
    ['deploy/haproxy.cfg', 'timeout tunnel'],
  ])(
    '%s allows idle connections for longer than the heartbeat, and does not expose metrics and health',
    (path, name) => {
      expect(seconds(file(path), name) * 1_000).toBeGreaterThan(2 * config.heartbeat);
      for (const inside of ['/metrics', '/health/']) expect(file(path)).toContain(inside);
      for (const node of ['gateway-1', 'gateway-2']) expect(file(path)).toContain(`${node}:${config.port}`);
    },
  );

  it('retry no request that a node may have executed', () => {
    expect(file('deploy/nginx.conf')).not.toMatch(/^\s*proxy_next_upstream .*non_idempotent/m);
    expect(file('deploy/haproxy.cfg')).toContain('disable-l7-retry unless { path /ws }');
  });
});

describe('deploy/prometheus', () => {
  const rules = z.object({
    groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
  });
  const alerts = rules.parse(parse(file('deploy/prometheus/rules.yaml'))).groups.flatMap((group) => group.rules);

  it.each(alerts)('$alert uses existing metrics, and the operations guide says what to do', ({ alert, expr }) => {
    const names = [...expr.matchAll(/sluice_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
    for (const name of names) expect(file('docs/metrics.md')).toContain(`\`${name}\``);
    expect(file('docs/operations.md')).toContain(alert);
  });
});

describe('deploy/grafana', () => {
  const target = z.object({ expr: z.string(), legendFormat: z.string() });
  const panel = z.object({ id: z.number(), title: z.string(), targets: z.array(target).default([]) });
  const dashboard = z.object({ panels: z.array(panel) }).parse(JSON.parse(file('deploy/grafana/sluice.json')));
  const charts = dashboard.panels.filter(({ targets }) => targets.length > 0);
  const metrics = new Set([...file('docs/metrics.md').matchAll(/^\| `(sluice_[a-z_]+)`/gm)].map(([, name]) => name));

  it.each(charts)('$title uses existing metrics of the chosen nodes', ({ targets }) => {
    for (const { expr } of targets) {
      const names = [...expr.matchAll(/sluice_[a-z_]+/g)].map(([name]) => name.replace(/_bucket$/, ''));
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((name) => !metrics.has(name))).toEqual([]);
      expect(expr.match(/instance=~"\$instance"/g)).toHaveLength(names.length);
    }
  });

  it('shows what the metrics by rule measure by rule', () => {
    const byRule = charts.flatMap(({ targets }) => targets).filter(({ expr }) => /by \(rule/.test(expr));
    expect(byRule.map(({ legendFormat }) => legendFormat)).toEqual(
      byRule.map(() => expect.stringContaining('{{rule}}')),
    );
    expect(byRule).toHaveLength(6);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
  });
});

describe('the Dockerfile', () => {
  it('starts an existing command as an unprivileged user', () => {
    const text = file('Dockerfile');
    expect(text).toContain('cli/bin');
    expect(text).toMatch(/^USER node$/m);
    expect(text).toContain(`EXPOSE ${configOf(configMap).port}`);
    expect(text).toMatch(/^ENTRYPOINT \["node", /m);
  });
});
