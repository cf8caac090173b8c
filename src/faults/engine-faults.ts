/** Faults that the engine makes, not the server: they are done to its container or process as a whole. */

/** Every one by the name that people write. */
export const engineFaults = {
  pause: 'The server stops where it is: connections stay, nothing is answered.',
  kill: 'The server is killed, without a farewell.',
  restart: 'The server is asked to end, and started again; `for` says how long it is away.',
  disconnect: 'The server is cut off from every network; not for local processes.',
} as const;

export type EngineFaultName = keyof typeof engineFaults;

export const engineFaultNames = Object.keys(engineFaults) as EngineFaultName[];

/** Whether a word is the name of one. */
export function isEngineFault(word: string): word is EngineFaultName {
  return Object.hasOwn(engineFaults, word);
}

/** Faults of the engine that are in force, by the state that they leave an environment in. */
export interface StandingEngineFault {
  /** What `fault clear` takes. */
  id: 'pause' | 'disconnect' | 'exit';
  /** For people. */
  text: string;
}

/** What an engine's own words for a server's state are a sign of. */
export interface EngineState {
  state: string;
  disconnected?: true;
  exit?: { exitCode: number | null; signal?: string; oomKilled: boolean };
}

/** What the engine has done to a server, as far as its state shows. */
export function standingEngineFaults({ state, disconnected, exit }: EngineState): StandingEngineFault[] {
  const found: StandingEngineFault[] = [];
  if (state === 'paused') found.push({ id: 'pause', text: 'paused' });
  if (disconnected) found.push({ id: 'disconnect', text: 'disconnected' });
  if (state === 'exited') found.push({ id: 'exit', text: exitText(exit) });
  return found;
}

function exitText(exit: EngineState['exit']): string {
  if (exit?.oomKilled) return 'exited: out of memory';
  if (exit?.exitCode != null) return `exited with code ${exit.exitCode}`;
  return exit?.signal === undefined ? 'exited' : `ended by ${exit.signal}`;
}
