/** Lists of environments as text for people. Pure: data in, text out. */
import type { DownReport } from '../commands/down.js';
import type { ListedEnvironment, LsReport } from '../commands/ls.js';
import { oneLine } from '../plain-text.js';
import { alignedRows } from './columns.js';

/** A row for each environment, under a heading. */
export function renderLs({ environments }: LsReport): string {
  if (environments.length === 0) return 'There is no environment on this machine';
  const heading = ['NAME', 'STATE', 'ENGINE', 'gRPC', 'REST', 'MODELS', 'SINCE', 'ENDS', 'CONFIG'];
  return alignedRows([heading, ...environments.map(rowOf)]).join('\n');
}

function rowOf(environment: ListedEnvironment): string[] {
  const { name, state, engine, endpoints, models, since, expiresAt, configFile, unfinished } = environment;
  return [
    name,
    unfinished === undefined ? state : `${state} (${unfinished})`,
    engine,
    endpoints?.grpc ?? '-',
    endpoints?.http ?? '-',
    models === undefined ? '-' : String(models),
    since ?? '-',
    expiresAt ?? '-',
    configFile ?? '-',
  ].map(oneLine);
}

/** A line for each thing that was removed, or would be. */
export function renderDown({ name, dryRun, declined, removed, removedImages, swept }: DownReport): string {
  if (declined) return 'Nothing was removed';
  const would = dryRun ? 'Would remove' : 'Removed';
  const none = name === null ? 'there is no environment' : `there is no environment named ${name}`;
  return [
    ...removed.map((one) => `${would} ${one.name} (${one.engine}, ${one.state})`),
    ...swept.map((one) => `${would} ${one.name} (${one.engine}, ${one.reason})`),
    ...removedImages.map((image) => `${would} image ${image}`),
    ...(removed.length + removedImages.length + swept.length === 0 ? [`Nothing to remove: ${none}`] : []),
  ].join('\n');
}
