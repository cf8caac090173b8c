/** Faults as text for people. Pure: data in, text out. */
import type { FaultAddReport } from '../commands/fault-add.js';
import type { FaultClearReport } from '../commands/fault-clear.js';
import type { FaultKindsReport, FaultSetting } from '../commands/fault-kinds.js';
import type { FaultListReport } from '../commands/fault-list.js';
import type { FaultRow } from '../commands/fault-rows.js';
import type { FaultRunReport, ScenarioStepReport } from '../commands/fault-run.js';
import type { FaultScenariosReport } from '../commands/fault-scenarios.js';
import { formatDuration } from '../duration.js';
import { oneLine } from '../plain-text.js';
import { alignedRows } from './columns.js';

/** A line for each fault that was added, or what the engine did. */
export function renderFaultAdd({ environment, added, engine }: FaultAddReport): string {
  if (engine === undefined) return added.map((row) => `Added ${faultLine(row)}`).join('\n');
  const { name, takenBack, forMs } = engine;
  const done = { pause: 'paused', kill: 'killed', restart: 'restarted', disconnect: 'disconnected' }[name];
  const how = forMs === undefined ? '' : ` for ${formatDuration(forMs)}`;
  const end = takenBack ? 'it is back' : 'kserve-env fault clear brings it back';
  return `${environment ?? 'The server'} was ${done}${how}; ${end}`;
}

/** A row for each fault in force, under a heading. */
export function renderFaultList({ environment, faults }: FaultListReport): string {
  if (faults.length === 0) return `${environment ?? 'The server'} has no faults`;
  const heading = ['ID', 'FAULT', 'CALLS', 'ENDS IN', 'STRUCK'];
  return alignedRows([heading, ...faults.map(listRow)]).join('\n');
}

function listRow({ id, text, conditions, remainingMs, struck }: FaultRow): string[] {
  const ends = remainingMs === undefined ? 'fault clear' : formatDuration(remainingMs);
  return [id, text, conditions === '' ? '-' : conditions, ends, struck === undefined ? '-' : String(struck)].map(
    oneLine,
  );
}

/** A line for each fault that was taken back. */
export function renderFaultClear({ environment, cleared, missing }: FaultClearReport): string {
  if (cleared.length === 0)
    return missing.length > 0 ? '' : `Nothing to take back: ${environment ?? 'the server'} has no faults`;
  return cleared.map((row) => (row.by === 'engine' ? restoredLine(row) : `Took back ${faultLine(row)}`)).join('\n');
}

function restoredLine({ id, text }: FaultRow): string {
  if (id === 'pause') return `The server was ${text}: it goes on`;
  if (id === 'disconnect') return `The server was ${text}: it is connected again`;
  return `The server had ended (${text}): it was started again, and serves`;
}

/** `1: not-ready model=simple_scaler`. */
export function faultLine({ id, text, conditions, struck }: FaultRow): string {
  const count = struck === undefined || struck === 0 ? '' : ` (struck ${struck} ${struck === 1 ? 'call' : 'calls'})`;
  return oneLine(`${id}: ${text}${conditions === '' ? '' : ` ${conditions}`}${count}`);
}

/** Every kind with its meaning, and its settings below it; then the conditions. */
export function renderFaultKinds({ kinds, conditions }: FaultKindsReport): string {
  const names = kinds.map(({ kind, settings }) => {
    const main = settings.find((setting) => setting.main);
    return main === undefined ? kind : `${kind}[=${main.name}]`;
  });
  const width = Math.max(...names.map((name) => name.length));
  return [
    ...kinds.flatMap(({ meaning, settings }, index) => [
      `${names[index]?.padEnd(width)}  ${meaning}`,
      ...settings.map((setting) => `${' '.repeat(width + 4)}${settingLine(setting)}`),
    ]),
    '',
    'Every fault of the server may have conditions:',
    ...alignedRows(conditions.map(({ name, meaning }) => [`  ${name}`, meaning])),
  ].join('\n');
}

function settingLine({ name, meaning, standard }: FaultSetting): string {
  return `${name}: ${meaning}${standard === undefined ? '' : ` (${standard})`}`;
}

/** What a scenario did, or would do. */
export function renderFaultRun(report: FaultRunReport): string {
  const { environment, scenario, steps, planned, lengthMs, seed, takenBack } = report;
  if (report.dryRun) {
    return [
      `${scenario} would take ${formatDuration(lengthMs)}, with seed ${seed}:`,
      ...alignedRows(steps.map(({ atMs, text }) => [`  ${clock(atMs)}`, text])),
      `  ${clock(lengthMs)}  take back what is left`,
    ].join('\n');
  }
  const where = environment === undefined ? '' : ` on ${environment}`;
  const count = steps.length === planned ? stepsOf(planned) : `${steps.length} of ${stepsOf(planned)}`;
  return [
    `Ran ${scenario}${where}: ${count}, ${latenessOf(steps)}, seed ${seed}`,
    takenBack.length === 0 ? 'Nothing was left to take back' : `Took back ${takenBack.map(faultLine).join('; ')}`,
  ].join('\n');
}

function stepsOf(count: number): string {
  return `${count} ${count === 1 ? 'step' : 'steps'}`;
}

function latenessOf(steps: ScenarioStepReport[]): string {
  const latest = Math.max(0, ...steps.map(({ lateMs = 0 }) => lateMs));
  return `none more than ${latest} ms late`;
}

function clock(ms: number): string {
  return `+${(ms / 1000).toFixed(2)} s`;
}

/** Each with what it shows. */
export function renderFaultScenarios({ scenarios }: FaultScenariosReport): string {
  return alignedRows(
    scenarios.map(({ name, description, lengthMs }) => [name, formatDuration(lengthMs), description]),
  ).join('\n');
}
