/** What a server says of itself, for people. Pure: data in, text out. */
import type { HealthReport } from '../commands/health.js';

/** A mark for the server over each transport, and for each model. */
export function renderHealth(report: HealthReport): string {
  const mark = (good: boolean) => (good ? '✔' : '✖');
  const { models, transports = [report] } = report;
  return [
    ...transports.flatMap(({ endpoint, live, ready }) => [
      `${mark(live)} ${endpoint} live`,
      `${mark(ready)} ${endpoint} ready`,
    ]),
    ...models.map((model) => `${mark(model.ready)} ${model.name}${model.reason ? `: ${model.reason}` : ''}`),
  ].join('\n');
}
