import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { describePortOwner, findPortOwner } from './port-owner.ts';

const LISTENER = `require('node:net').createServer().listen(0, '127.0.0.1', function () { console.log(this.address().port) })`;

describe.skipIf(process.platform !== 'linux')('findPortOwner', () => {
  it('names the process that listens, and how to stop it', async () => {
    const child = spawn(process.execPath, ['-e', LISTENER], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
      const port = Number(chunk.toString());
      expect(findPortOwner(port)).toMatchObject({ pid: child.pid, command: expect.stringContaining('node') });
      expect(describePortOwner(port)).toContain(`stop it with "kill ${child.pid}"`);
    } finally {
      child.kill();
    }
  });

  it('finds no owner of a free port', () => {
    expect(findPortOwner(1)).toBeNull();
    expect(describePortOwner(1)).toBe('the port is taken or may not be used');
  });
});
