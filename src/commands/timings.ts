/** `timings`: the history of set-ups, phase by phase, against the budget. */
import { loadName } from '../config/load-name.js';
import { engineContext } from '../engine/detect.js';
import { openStateDir } from '../engine/process/state-dir.js';
import { clearHistory, historyDir, readHistory } from '../environment/history.js';
import { type TimingsGroup, timingsGroups } from '../environment/timing-figures.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';

export type { Figures, TimingsGroup } from '../environment/timing-figures.js';

/** Options of `timings`. */
export interface TimingsOptions extends CommonOptions {
  /** The newest so many set-ups of each environment on each engine. 20 unless given. */
  limit?: number;
  /** Of every environment, not of one. */
  all?: boolean;
  /** Forget them. */
  clear?: boolean;
}

/** What the history amounts to. */
export interface TimingsReport {
  /** Absent where all environments were asked for. */
  name?: string;
  /** The directory of the history. */
  history: string;
  /** The records were forgotten; the figures are of what was there. */
  cleared: boolean;
  /** One an environment and engine. */
  groups: TimingsGroup[];
}

const defaultLimit = 20;

/** @throws ConfigError for a name that is none; EngineFailedError where there is no directory for state */
export async function timings(options: TimingsOptions, context: CommandContext): Promise<CommandResult<TimingsReport>> {
  const { cwd, env } = context;
  const name = options.all ? undefined : (await loadName({ cwd, env, flags: options.flags ?? {} })).name;
  const stateDir = openStateDir(engineContext(env));
  const records = readHistory(stateDir).filter((record) => name === undefined || record.name === name);
  if (options.clear) clearHistory(stateDir, name);
  return {
    data: {
      ...(name !== undefined && { name }),
      history: historyDir(stateDir),
      cleared: options.clear === true,
      groups: timingsGroups(records, options.limit ?? defaultLimit),
    },
    warnings: [],
  };
}
