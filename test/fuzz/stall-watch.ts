/**
 * Runs inside of the server's process before it (`node --require`), and tells on stderr when its event loop stood still:
 * for so long by the clock, and with as much of the processor used. A machine that is busy with others is no stall.
 */
const everyMs = 20;
const stallMs = 250;

let last = performance.now();
let used = process.cpuUsage();

setInterval(() => {
  const now = performance.now();
  const { user, system } = process.cpuUsage(used);
  const stood = now - last - everyMs;
  if (stood > stallMs && (user + system) / 1_000 > stallMs) process.stderr.write(`{"stallMs":${Math.round(stood)}}\n`);
  last = now;
  used = process.cpuUsage();
}, everyMs).unref();
