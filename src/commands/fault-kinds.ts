/** `fault kinds`: every fault that there is, with its settings. */
import { engineFaultNames, engineFaults } from '../faults/engine-faults.js';
import { faultConditions } from '../faults/fault.js';
import { standardOf } from '../faults/fault-words.js';
import { faultKindNames, faultKinds } from '../faults/kinds.js';

/** A setting of a fault, or a condition. */
export interface FaultSetting {
  name: string;
  meaning: string;
  /** What it is where nothing is said. */
  standard?: string | number | boolean;
  /** `kind=value` gives this one. */
  main?: true;
}

/** A kind of fault. */
export interface FaultKindRow {
  kind: string;
  by: 'server' | 'engine';
  meaning: string;
  /** What it concerns: answer, state, connection, process. */
  concern: string;
  /** What sets it off: a call, its being added (now), or either. */
  trigger: string;
  settings: FaultSetting[];
}

export interface FaultKindsReport {
  kinds: FaultKindRow[];
  /** What each fault of the server may have beside its own settings. */
  conditions: FaultSetting[];
}

/** Every fault, in the order of the tables. Pure. */
export function faultKindsReport(): FaultKindsReport {
  const ofServer = faultKindNames.map((kind): FaultKindRow => {
    const { meaning, concern, trigger, settings, main } = faultKinds[kind] as Definition;
    const shown = settingsOf(settings).map((setting) =>
      setting.name === main ? { ...setting, main: true as const } : setting,
    );
    return { kind, by: 'server', meaning, concern, trigger, settings: shown };
  });
  const ofEngine = engineFaultNames.map(
    (kind): FaultKindRow => ({
      kind,
      by: 'engine',
      meaning: engineFaults[kind],
      concern: 'process',
      trigger: 'now',
      settings: [{ name: 'for', meaning: 'How long; the command waits, and takes it back.' }],
    }),
  );
  return { kinds: [...ofServer, ...ofEngine], conditions: settingsOf(faultConditions) };
}

interface Definition {
  meaning: string;
  concern: string;
  trigger: string;
  settings: Record<string, { description?: string | undefined }>;
  main?: string;
}

function settingsOf(shape: Record<string, { description?: string | undefined }>): FaultSetting[] {
  return Object.entries(shape).map(([name, schema]) => {
    const standard = standardOf(schema) as FaultSetting['standard'];
    return { name, meaning: schema.description ?? '', ...(standard !== undefined && { standard }) };
  });
}
