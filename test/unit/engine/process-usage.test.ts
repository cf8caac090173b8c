import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describe, expect, it } from 'vitest';
import { processUsage } from '../../../src/engine/process/usage.js';

/** Says how many bytes it and its one child take, when both have filled some. */
const parent = `
  const code = 'globalThis.kept = Buffer.alloc(100 * 2 ** 20, 1);' +
    'process.send(process.memoryUsage.rss()); process.on("disconnect", () => process.exit());';
  const stdio = ['ignore', 'inherit', 'inherit', 'ipc'];
  const child = require('node:child_process').spawn(process.execPath, ['-e', code], { stdio });
  child.on('message', (rss) => console.log(JSON.stringify({ own: process.memoryUsage.rss(), child: rss })));
`;

describe.skipIf(process.platform === 'win32')('what a local process uses', () => {
  it('is counted with its workers', async () => {
    const child = spawn(process.execPath, ['-e', parent], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: child.stdout }), 'line');
    const said = JSON.parse(line);
    const usage = await processUsage(child.pid ?? 0);
    expect(usage?.memoryBytes).toBeGreaterThan(said.child);
    expect(usage?.memoryBytes).toBeLessThan(2 * (said.own + said.child));
    expect(usage?.cpuSeconds).toBeGreaterThan(0);
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    expect(await processUsage(child.pid ?? 0)).toBeUndefined();
  });
});
