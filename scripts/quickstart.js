/** The main job in one command: installs, builds, starts a real server, checks it, and says what to try next. */
import { spawnSync } from 'node:child_process';
import { prepare, root } from './prepare.js';

prepare();

const cli = 'node bin/kserve-env.js';
const args = ['up', '--smoke', ...process.argv.slice(2)];
console.log(`\n== ${cli} ${args.join(' ')}`);
const { status } = spawnSync(process.execPath, ['bin/kserve-env.js', ...args], { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);

console.log(`
It runs. Try:
  ${cli} infer simple_scaler 1 -2.5 3
  ${cli} infer simple_sum --tensor input_a=1,2 --tensor input_b=10,20
  ${cli} status
  curl http://127.0.0.1:9080/v2/models/simple_scaler
  ${cli} smoke --verbose
  ${cli} down                         # ends it`);
