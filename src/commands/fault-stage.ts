/** Carries out what a scenario says, and remembers what has to be taken back. */

import type { Fault } from '../faults/fault.js';
import type { EngineAction } from '../faults/scenario.js';
import type { TimelineEntry } from '../faults/scenario-timeline.js';
import type { CommandContext } from './context.js';
import { restoreEngine, strike } from './fault-engine.js';
import { engineRow, type FaultRow, serverRow } from './fault-rows.js';
import type { FaultTarget } from './fault-target.js';

export interface ScenarioStage {
  /** Does it. @returns ids of the faults that it added */
  perform(act: TimelineEntry['act']): Promise<string[]>;
  /** Takes back what was done and is still in force, of faults and of the engine; not what others added. */
  takeBack(context: CommandContext): Promise<FaultRow[]>;
}

interface Added {
  id: string;
  /** Words that `clear` may call it by. */
  names: string[];
}

/** @param target of which an environment is there where acts of the engine are performed */
export function createScenarioStage({ control, environment }: FaultTarget, context: CommandContext): ScenarioStage {
  const { signal } = context;
  let added: Added[] = [];
  let struckByEngine = false;

  const add = async (faults: readonly Fault[], name: string | undefined): Promise<string[]> => {
    const rows = await control.add(faults, signal);
    added.push(...rows.map(({ id, fault }) => ({ id, names: [fault.kind, ...(name === undefined ? [] : [name])] })));
    return rows.map(({ id }) => id);
  };
  const clear = async (what: 'all' | string[]): Promise<void> => {
    const meant = added.filter(({ names }) => what === 'all' || names.some((name) => what.includes(name)));
    added = added.filter((one) => !meant.includes(one));
    // With no ids the server would take back what others added, too.
    if (meant.length > 0)
      await control.clear(
        meant.map(({ id }) => id),
        signal,
      );
  };
  const byEngine = async (action: EngineAction): Promise<void> => {
    if (environment === undefined) throw new Error('A scenario with the engine in it has an environment');
    struckByEngine = true;
    switch (action) {
      case 'unpause':
      case 'reconnect':
      case 'start':
        await restoreEngine(environment, context, [undoneBy[action]]);
        break;
      case 'restart':
        await strike(environment, action, signal);
        await restoreEngine(environment, context, ['exit']);
        break;
      default:
        await strike(environment, action, signal);
    }
    // A new process has none of them, and gives their ids to others.
    if (action === 'kill' || action === 'restart' || action === 'start') added = [];
  };

  return {
    async perform(act) {
      if (act.do === 'add') return await add(act.faults, act.name);
      if (act.do === 'clear') await clear(act.what);
      else await byEngine(act.action);
      return [];
    },
    async takeBack(late) {
      const restored = environment ? await restoreEngine(environment, late, onlyOurs(struckByEngine)) : [];
      if (restored.some(({ id }) => id === 'exit')) added = [];
      const ids = added.map(({ id }) => id);
      const cleared = ids.length === 0 ? [] : await control.clear(ids, late.signal);
      return [...restored.map(engineRow), ...cleared.map(serverRow)];
    },
  };
}

const undoneBy = { unpause: 'pause', reconnect: 'disconnect', start: 'exit' } as const;

/** Faults of the server may end it; else what the engine did was not done here. */
function onlyOurs(struckByEngine: boolean): string[] | undefined {
  return struckByEngine ? undefined : ['exit'];
}
