/**
 * A command in a process of its own, for the tests of the lock: `STATE_DIR NAME JOURNAL ROUNDS`, `… hold`, or `… intend`,
 * which holds it with something undone.
 */
import { appendFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { withEnvironmentLock } from '../../../src/environment/lock.js';

const [stateDir = '', name = '', journal = '', what = ''] = process.argv.slice(2);
const options = { stateDir, name, timeoutMs: 60_000, signal: new AbortController().signal, onWait: () => {} };

if (what === 'hold' || what === 'intend') {
  await withEnvironmentLock(options, async (lock) => {
    if (what === 'intend') await lock.intend({ kind: 'make', engine: 'process', endpoint: 'here' });
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
