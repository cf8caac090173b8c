#!/usr/bin/env node
import { readFileSync } from 'node:fs';

const [, , word, ...more] = process.argv;
if (more.length === 0 && (word === '--version' || word === '-V')) {
  // Said at once: scripts ask for it often, and it needs nothing of the program.
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  process.stdout.write(`${version}\n`);
} else {
  await import('../dist/bin/launch.cjs');
}
