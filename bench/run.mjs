#!/usr/bin/env node
import { Command } from 'commander';
import { DURABLE, measureDurable } from './src/durable.mjs';
import { measure, measureAt, servers } from './src/fanout.mjs';
import { memoryPerConnection } from './src/memory.mjs';
import { measureRedis, REDIS } from './src/redis.mjs';
import { median, publish, table } from './src/report.mjs';
import { playScene } from './src/scene.mjs';
import { measureWorkers } from './src/workers.mjs';

const program = new Command('bench').description('Measures Sluice beside bare uWebSockets.js, in the same run.');
const number = (text) => Number(text);

program
  .command('fanout')
  .description('deliveries per second at p99 < 100 ms without loss')
  .option('--subscribers <n>', 'connections that receive', number, 1000)
  .option('--channels <n>', 'channels that they share', number, 1)
  .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
  .option('--seconds <n>', 'length of one trial', number, 2)
  .option('--steps <n>', 'halvings of the last step', number, 3)
  .option('--only <name...>', `servers: ${Object.keys(servers).join('; ')}`)
  .action(async ({ subscribers, channels, rounds, seconds, steps, only }) => {
    // One topic for all is what the bare server does; with many channels, its figure for one stands beside.
    const names = Object.keys(servers).filter((name) => only === undefined || only.includes(name));
    const runs = Object.fromEntries(names.map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const name of names) {
        const best = await measure(servers[name], { subscribers, channels, seconds, steps });
        runs[name].push(best);
        console.error(`round ${round + 1}, ${name}: ${Math.round(best?.deliveriesPerSecond ?? 0)} deliveries/s`);
      }
    }
    const pick = (name, field) => median(runs[name].map((run) => run?.[field] ?? 0));
    const base = runs['bare, publish'] === undefined ? Number.NaN : pick('bare, publish', 'deliveriesPerSecond');
    const rows = names.map((name) => [
      name,
      `${(pick(name, 'deliveriesPerSecond') / 1e6).toFixed(2)} M/s`,
      (pick(name, 'deliveriesPerSecond') / base).toFixed(2),
      `${pick(name, 'p50').toFixed(1)} ms`,
      `${pick(name, 'p99').toFixed(1)} ms`,
      pick(name, 'cpuPerMillion').toFixed(3),
    ]);
    const head = ['server', 'deliveries', '× bare', 'p50', 'p99', 'CPU s / million'];
    publish(`fanout-${channels}x${subscribers / channels}`, table(head, rows), { subscribers, channels, runs });
  });

const MIB = 1024 * 1024;
const ms = (value) => `${value.toFixed(1)} ms`;

program
  .command('fixed')
  .description('latency and CPU at a given rate, many channels with few subscribers each')
  .option('--subscribers <n>', 'connections that receive', number, 10_000)
  .option('--channels <n>', 'channels that they share', number, 1000)
  .option('--rate <n>', 'publishes per second', number, 15_000)
  .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
  .action(async ({ subscribers, channels, rate, rounds }) => {
    const runs = { 'bare, publish': [], sluice: [] };
    for (let round = 0; round < rounds; round++) {
      for (const name of Object.keys(runs)) {
        runs[name].push(await measureAt(servers[name], { subscribers, channels, rate, seconds: 4 }));
      }
    }
    const pick = (name, field) => median(runs[name].map((run) => run[field]));
    const base = pick('bare, publish', 'cpuPerMillion');
    const rows = Object.keys(runs).map((name) => [
      name,
      `${(pick(name, 'deliveriesPerSecond') / 1000).toFixed(0)} k/s`,
      ms(pick(name, 'p50')),
      ms(pick(name, 'p99')),
      pick(name, 'cpuPerMillion').toFixed(2),
      pick(name, 'userPerMillion').toFixed(2),
      (base / pick(name, 'cpuPerMillion')).toFixed(2),
    ]);
    const head = [
      'server',
      'deliveries',
      'p50',
      'p99',
      'CPU s / million',
      'of it in user space',
      'deliveries per CPU, × bare',
    ];
    publish(`fixed-${channels}x${subscribers / channels}`, table(head, rows), { subscribers, channels, rate, runs });
  });

program
  .command('memory')
  .description('resident memory per idle connection with one subscription')
  .option('--connections <n>', 'connections', number, 10_000)
  .option('--rounds <n>', 'runs of each server; the table shows medians', number, 3)
  .action(async ({ connections, rounds }) => {
    const runs = { 'bare, publish': [], sluice: [] };
    for (let round = 0; round < rounds; round++) {
      for (const name of Object.keys(runs)) runs[name].push(await memoryPerConnection(servers[name], connections));
    }
    const rows = Object.entries(runs).map(([name, values]) => [name, `${(median(values) / 1024).toFixed(2)} KiB`]);
    publish('memory', table(['server', 'per connection'], rows), { connections, runs });
  });

program
  .command('stalled')
  .description('a fifth of the readers stops reading for some seconds, on several channels each')
  .option('--rate <n>', 'publishes per second', number, 12_000)
  .option('--sockets <n>', 'readers', number, 200)
  .option('--seconds <n>', 'length of a run', number, 9)
  .option('--stall-for <n>', 'seconds without reading', number, 6)
  .option('--rounds <n>', 'runs with and without; the table shows medians', number, 3)
  .action(async ({ rate, sockets, seconds, stallFor, rounds }) => {
    const options = { sockets, channels: 25, each: 5, rate, seconds, stallFor };
    const runs = { 'nobody stalls': [], 'a fifth stalls': [] };
    for (let round = 0; round < rounds; round++) {
      runs['nobody stalls'].push(await playScene('stalled', { ...options, stalls: 0 }));
      runs['a fifth stalls'].push(await playScene('stalled', { ...options, stalls: sockets / 5 }));
    }
    const rows = Object.entries(runs).map(([name, values]) => {
      const pick = (field) => median(values.map((run) => run[field]));
      return [
        name,
        `${(pick('deliveriesPerSecond') / 1000).toFixed(0)} k/s`,
        ms(pick('p50')),
        ms(pick('p99')),
        pick('holes') + pick('gaps'),
        pick('replays'),
        `${(pick('repeats') * 100).toFixed(3)} %`,
        `${(pick('residentGrowth') / MIB).toFixed(0)} MiB`,
      ];
    });
    const head = [
      'run',
      'deliveries',
      'p50 of the healthy',
      'p99 meanwhile',
      'missing',
      'turns to replaying',
      'repeated on the wire',
      'memory growth',
    ];
    publish('stalled', table(head, rows), { ...options, runs });
  });

program
  .command('reconnect')
  .description('everybody reconnects at once, each with messages missed')
  .option('--clients <n>', 'clients', number, 5_000)
  .option('--missed <n>', 'messages that each of them missed', number, 100)
  .option('--rounds <n>', 'runs; the table shows medians', number, 3)
  .action(async ({ clients, missed, rounds }) => {
    const runs = [];
    for (let round = 0; round < rounds; round++)
      runs.push(await playScene('reconnect', { clients, channels: 50, missed }));
    const pick = (field) => median(runs.map((run) => run[field]));
    const rows = [
      ['connect only', ms(pick('bare'))],
      ['connect and subscribe', ms(pick('plain'))],
      [`connect, subscribe, catch up on ${missed}`, ms(pick('resumed'))],
    ];
    publish('reconnect', table([`${clients} clients`, 'until the last is served'], rows), { clients, missed, runs });
  });

program
  .command('presence')
  .description('what a full room costs those who watch it')
  .option('--members <n>', 'members', number, 10_000)
  .option('--churn <n>', 'members per second who leave and come back', number, 1_000)
  .option('--rounds <n>', 'runs; the table shows medians', number, 3)
  .action(async ({ members, churn, rounds }) => {
    const runs = [];
    for (let round = 0; round < rounds; round++) {
      runs.push(await playScene('presence', { members, watchers: 100, churn, seconds: 5 }));
    }
    const pick = (field) => median(runs.map((run) => run[field]));
    const rows = [
      ['members', members],
      ['changes per second', Math.round(pick('changesPerSecond'))],
      ['bytes per second to each watcher', Math.round(pick('bytesPerSecond'))],
      ['bytes to each watcher while all joined', Math.round(pick('fillingBytes'))],
    ];
    publish('presence', table(['presence', ''], rows), { members, churn, runs });
  });

program
  .command('flood')
  .description('what one connection that sends without end costs the others')
  .option('--rounds <n>', 'runs with and without; the table shows medians', number, 3)
  .action(async ({ rounds }) => {
    const options = { readers: 100, rate: 100, seconds: 5, args: ['limited'] };
    const floods = { quiet: undefined, 'one connection': 'edge', 'one after the other': 'hose' };
    const runs = Object.fromEntries(Object.keys(floods).map((name) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, beside] of Object.entries(floods)) {
        runs[name].push(await playScene('flood', { ...options, ...(beside && { beside }) }));
      }
    }
    const rows = Object.entries(runs).map(([name, values]) => [
      name,
      ms(median(values.map((run) => run.p50))),
      ms(median(values.map((run) => run.p99))),
    ]);
    publish('flood', table(['run', 'p50 of the others', 'p99'], rows), { ...options, runs });
  });

program
  .command('redis')
  .description(
    "two gateways on one Redis: publishes per second, and until the other gateway's subscriber has the message",
  )
  .option('--concurrency <n...>', 'operations on their way at a time', (value, before) => [
    ...(before ?? []),
    number(value),
  ])
  .option('--seconds <n>', 'length of one run', number, 3)
  .option('--rounds <n>', 'runs; the table shows medians', number, 3)
  .action(async ({ concurrency = [1, 64, 512], seconds, rounds }) => {
    const runs = {};
    for (const name of Object.keys(REDIS)) {
      for (const waiting of concurrency) {
        const key = `${name}, ${waiting}`;
        runs[key] = [];
        for (let round = 0; round < rounds; round++) {
          runs[key].push(await measureRedis(name, { concurrency: waiting, seconds }));
        }
      }
    }
    const rows = Object.entries(runs).map(([key, values]) => {
      const pick = (field) => median(values.map((run) => run[field]));
      const [name, waiting] = [key.slice(0, key.lastIndexOf(',')), key.slice(key.lastIndexOf(',') + 2)];
      return [name, waiting, `${(pick('perSecond') / 1000).toFixed(1)} k/s`, ms(pick('p50')), ms(pick('p99'))];
    });
    publish('redis', table(['', 'on their way', 'operations', 'p50', 'p99'], rows), { concurrency, seconds, runs });
  });

program
  .command('durable')
  .description('publishes that are flushed to disk, by how many are on their way at the same time')
  .option('--concurrency <n...>', 'publishes on their way', ['1', '16', '256', '2048'])
  .option('--seconds <n>', 'length of one run', number, 2)
  .option('--rounds <n>', 'runs; the table shows medians', number, 3)
  .option('--folder <path>', 'where the files go: on the disk that is meant')
  .action(async ({ concurrency, seconds, rounds, folder }) => {
    const runs = {};
    const rows = [];
    for (const name of Object.keys(DURABLE)) {
      for (const ways of name === 'a page and fdatasync' ? [1] : concurrency.map(number)) {
        const results = [];
        for (let round = 0; round < rounds; round++) {
          results.push(await measureDurable(name, { concurrency: ways, seconds, folder }));
        }
        runs[`${name}, ${ways}`] = results;
        const pick = (field) => median(results.map((result) => result[field]));
        rows.push([name, ways, `${Math.round(pick('perSecond'))}/s`, ms(pick('p50')), ms(pick('p99'))]);
      }
    }
    publish('durable', table(['', 'on their way', 'publishes', 'p50', 'p99'], rows), { concurrency, seconds, runs });
  });

program
  .command('workers')
  .description('several workers on one port beside one process, at the same load')
  .option('--workers <n>', 'workers', number, 2)
  .option('--subscribers <n>', 'connections that receive', number, 1000)
  .option('--channels <n>', 'channels that they share', number, 20)
  .option('--rate <n>', 'publishes per second', number, 2000)
  .option('--rounds <n>', 'runs of each; the table shows medians', number, 3)
  .action(async ({ workers, subscribers, channels, rate, rounds }) => {
    const runs = { 'one process': [], [`${workers} workers`]: [] };
    for (let round = 0; round < rounds; round++) {
      for (const [name, values] of Object.entries(runs)) {
        const count = name === 'one process' ? 1 : workers;
        values.push(await measureWorkers(count, { subscribers, channels, rate, seconds: 3 }));
      }
    }
    const rows = Object.entries(runs).map(([name, values]) => {
      const pick = (field) => median(values.map((run) => run[field]));
      return [
        name,
        `${(pick('deliveriesPerSecond') / 1000).toFixed(0)} k/s`,
        ms(pick('p50')),
        ms(pick('p99')),
        pick('cpuPerMillion').toFixed(2),
        `${(pick('resident') / MIB).toFixed(0)} MiB`,
        values.every(({ complete }) => complete) ? 'none' : 'some',
      ];
    });
    const head = ['server', 'deliveries', 'p50', 'p99', 'CPU s / million', 'memory', 'missing'];
    publish('workers', table(head, rows), { workers, subscribers, channels, rate, runs });
  });

await program.parseAsync();
