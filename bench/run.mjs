#!/usr/bin/env node
import { Command } from 'commander';
import { all } from './commands/all.mjs';
import { bridges } from './commands/bridges.mjs';
import { cluster } from './commands/cluster.mjs';
import { coalesce } from './commands/coalesce.mjs';
import { connect } from './commands/connect.mjs';
import { durable } from './commands/durable.mjs';
import { fanout } from './commands/fanout.mjs';
import { filter } from './commands/filter.mjs';
import { fixed } from './commands/fixed.mjs';
import { flood } from './commands/flood.mjs';
import { footprint } from './commands/footprint.mjs';
import { hooks } from './commands/hooks.mjs';
import { memory } from './commands/memory.mjs';
import { ownChannel } from './commands/own-channel.mjs';
import { peers } from './commands/peers.mjs';
import { presence } from './commands/presence.mjs';
import { queue } from './commands/queue.mjs';
import { reconnect } from './commands/reconnect.mjs';
import { redis } from './commands/redis.mjs';
import { request } from './commands/request.mjs';
import { sse } from './commands/sse.mjs';
import { stalled } from './commands/stalled.mjs';
import { why } from './commands/why.mjs';
import { workers } from './commands/workers.mjs';

const program = new Command('bench').description('Measures Sluice beside bare uWebSockets.js, in the same run.');
for (const add of [
  all,
  fanout,
  peers,
  fixed,
  filter,
  coalesce,
  connect,
  memory,
  ownChannel,
  footprint,
  sse,
  stalled,
  queue,
  request,
  reconnect,
  hooks,
  presence,
  flood,
  redis,
  cluster,
  durable,
  why,
  workers,
  bridges,
])
  add(program);
await program.parseAsync();
