/** A command in a process of its own, for the tests of the lock: `STATE_DIR NAME JOURNAL ROUNDS`, or `… hold`. */
import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { withEnvironmentLock } from '../../../src/environment/lock.js';

const [stateDir = '', name = '', journal = '', what = ''] = process.argv.slice(2);
const options = { stateDir, name, timeoutMs: 60_000, signal: new AbortController().signal, onWait: () => {} };

if (what === 'hold') {
  await withEnvironmentLock(options, async () => {
    process.stdout.write('held\n');
    for await (const _ of process.stdin);
  });
} else {
  for (let round = 0; round < Number(what); round += 1) {
    await withEnvironmentLock(options, async () => {
      appendFileSync(journal, `in ${process.pid}\n`);
      await setTimeout(1);
      appendFileSync(journal, `out ${process.pid}\n`);
    });
  }
}
