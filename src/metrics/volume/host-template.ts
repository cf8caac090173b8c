/**
 * Metrics of one host, as a collector gathers them. Names, units and attributes are those of OpenTelemetry's semantic
 * conventions for system and HTTP metrics (https://opentelemetry.io/docs/specs/semconv/system/system-metrics/).
 */

/** An attribute of a series. */
export type AttributePair = readonly [key: string, value: string | number];

/** How the values of a series go: a share of one, bytes that come and go, a counter, or durations in buckets. */
export type Course = 'share' | 'level' | 'counter' | 'durations';

/** A metric of a host, and the attributes of each of its series. */
export interface HostMetric {
  name: string;
  unit: string;
  course: Course;
  series: AttributePair[][];
}

/** Every combination of the values of some attributes. */
function combinations(...attributes: [key: string, values: (string | number)[]][]): AttributePair[][] {
  return attributes.reduce<AttributePair[][]>(
    (before, [key, values]) => before.flatMap((pairs) => values.map((value) => [...pairs, [key, value] as const])),
    [[]],
  );
}

const cpus = Array.from({ length: 8 }, (_, index) => index);
const memoryStates = ['used', 'free', 'cached', 'buffers'];

/** 56 series. */
export const hostTemplate: readonly HostMetric[] = [
  {
    name: 'system.cpu.utilization',
    unit: '1',
    course: 'share',
    series: combinations(['cpu.logical_number', cpus], ['cpu.mode', ['user', 'system', 'idle', 'iowait']]),
  },
  {
    name: 'system.memory.usage',
    unit: 'By',
    course: 'level',
    series: combinations(['system.memory.state', memoryStates]),
  },
  {
    name: 'system.memory.utilization',
    unit: '1',
    course: 'share',
    series: combinations(['system.memory.state', memoryStates]),
  },
  {
    name: 'system.filesystem.usage',
    unit: 'By',
    course: 'level',
    series: combinations(['system.device', ['/dev/sda1', '/dev/sdb1']], ['system.filesystem.state', ['used', 'free']]),
  },
  {
    name: 'system.disk.io',
    unit: 'By',
    course: 'counter',
    series: combinations(['system.device', ['sda', 'sdb']], ['disk.io.direction', ['read', 'write']]),
  },
  {
    name: 'system.network.io',
    unit: 'By',
    course: 'counter',
    series: combinations(['network.interface.name', ['eth0']], ['network.io.direction', ['receive', 'transmit']]),
  },
  {
    name: 'system.process.count',
    unit: '{process}',
    course: 'level',
    series: combinations(['system.process.status', ['running', 'sleeping']]),
  },
  {
    name: 'http.server.request.duration',
    unit: 's',
    course: 'durations',
    series: combinations(['http.request.method', ['GET', 'POST']], ['http.response.status_code', [200, 500]]),
  },
];

/** Upper bounds of the buckets of durations, in seconds, as the conventions advise. */
export const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
