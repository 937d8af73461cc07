import { Gauge, type Registry } from 'prom-client';
import { VERSION } from '../util/version.ts';

/** Adds what runs here, as labels of a metric that is always 1. */
export function addBuildInfo(registry: Registry, engine = ''): void {
  new Gauge({
    name: 'sluice_build_info',
    help: 'Always 1; the labels are the version of the gateway and of Node.js, and the engine',
    labelNames: ['version', 'node_version', 'engine'],
    aggregator: 'first',
    registers: [registry],
  }).set({ version: VERSION, node_version: process.versions.node, engine }, 1);
}
