/** Resident memory of a server: idle, under load, and whether it grows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { h2load } from './load.js';
import { processTree, residentMegabytes } from './processes.js';
import { median, memoryRow } from './server-report.js';

const idleMs = 1_500;
const sampleMs = 200;
/** Share of the load in which the heap finds its size; it counts for the maximum, and not for the growth. */
const leadIn = 0.2;
const goals = { idleMegabytes: 70, loadedMegabytes: 150, growth: 1.1 };

/**
 * @param {{ pid: number }} server just started, and asked nothing yet
 * @param {() => Promise<{ load: object }>} prepareLoad asks it once and says how to load it
 */
export async function measureMemory(server, prepareLoad, seconds) {
  const resident = () => residentMegabytes(processTree(server.pid));
  await sleep(idleMs);
  const idle = resident();
  const { load } = await prepareLoad();
  const samples = [];
  const sampler = setInterval(() => samples.push(resident()), sampleMs);
  const whole = seconds / (1 - leadIn);
  await h2load({ ...load, seconds: whole });
  clearInterval(sampler);
  const settled = samples.slice(Math.floor(samples.length * leadIn));
  const third = Math.floor(settled.length / 3);
  const [first, last] = [median(settled.slice(0, third)), median(settled.slice(-third))];
  return [
    memoryRow({ what: 'resident, idle', value: idle, unit: 'MB', goal: goals.idleMegabytes }),
    memoryRow({
      what: 'resident at most, gRPC typed, n = 1,000',
      value: Math.max(...samples),
      unit: 'MB',
      goal: goals.loadedMegabytes,
    }),
    memoryRow({
      what: `last third of ${seconds} s against first (${first.toFixed(0)}, ${last.toFixed(0)} MB)`,
      value: last / first,
      unit: 'times',
      goal: goals.growth,
    }),
  ];
}
