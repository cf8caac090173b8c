/** What programs of long trials have in common: flags, a seed that makes the same choices again, and how they are ended. */
import { type ParseArgsConfig, parseArgs } from 'node:util';

type Flags = NonNullable<ParseArgsConfig['options']>;

const commonFlags = {
  json: { type: 'boolean', default: false },
  seed: { type: 'string', default: '' },
  only: { type: 'string', multiple: true, default: [] as string[] },
} as const satisfies Flags;

export interface TrialOptions<Own> {
  seed: number;
  json: boolean;
  /** Names of what is to be tried; all where there are none. */
  only: string[];
  own: Own;
}

export interface TrialProgram<OwnFlags extends Flags, Own> {
  usage: string;
  /** What `--only` may name. */
  names: readonly string[];
  flags: OwnFlags;
  /** Reads the program's own flags; throws an Error that says what is wrong with one. */
  own(values: ReturnType<typeof parseArgs<{ args: string[]; options: OwnFlags }>>['values']): Own;
}

/** The options on a command line; undefined where they cannot be used, which has been said then: the exit code is 2. */
export function readTrialOptions<OwnFlags extends Flags, Own>(
  argv: string[],
  { usage, names, flags, own }: TrialProgram<OwnFlags, Own>,
): TrialOptions<Own> | undefined {
  try {
    const { values } = parseArgs({ args: argv, options: { ...flags, ...commonFlags } as Flags });
    const { json, seed: text, only } = values as { json: boolean; seed: string; only: string[] };
    const seed = text === '' ? Date.now() % 1_000_000 : Number(text);
    if (!Number.isSafeInteger(seed) || seed < 0) throw new Error(`--seed: expected a whole number, got ${text}`);
    const ownOptions = own(values as never);
    const unknown = only.find((name) => !names.includes(name));
    if (unknown !== undefined) throw new Error(`--only: there is no ${unknown}`);
    return { seed, json, only, own: ownOptions };
  } catch (error) {
    say(`${(error as Error).message}\n${usage}`);
    return undefined;
  }
}

/** A line for whoever looks on; the figures alone go to stdout. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Ends the program at a signal, by an exit, so that what cleans up at exits does. */
export function endAtSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(130));
}
