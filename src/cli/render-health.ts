/** What a server says of itself, for people. Pure: data in, text out. */
import type { HealthReport } from '../commands/health.js';

/** A mark for the server and for each model. */
export function renderHealth({ endpoint, live, ready, models }: HealthReport): string {
  const mark = (good: boolean) => (good ? '✔' : '✖');
  return [
    `${mark(live)} ${endpoint} live`,
    `${mark(ready)} ${endpoint} ready`,
    ...models.map((model) => `${mark(model.ready)} ${model.name}${model.reason ? `: ${model.reason}` : ''}`),
  ].join('\n');
}
