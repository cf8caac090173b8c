/** What is legal and unusual: a note that says what the known servers do, and a failure where the server is ours. */
import { OipError } from '../protocol/status.js';
import { CaseFailure } from './case.js';
import type { ServerProfile } from './profile.js';

/** The servers whose answers are known, in the order in which notes have them. */
const knownServers = ['Triton', 'MLServer', 'KServe', 'OVMS', 'TorchServe'] as const;

/** What each known server answers, in a few words: `{ Triton: '400', KServe: '503' }`. */
export type KnownAnswers = Readonly<Partial<Record<(typeof knownServers)[number], string>>>;

/** `Triton, MLServer: 400; KServe: 503`. Empty where nothing is known. */
export function knownAnswersText(known: KnownAnswers): string {
  const said = new Map<string, string[]>();
  for (const name of knownServers) {
    const answer = known[name];
    if (answer !== undefined) said.set(answer, [...(said.get(answer) ?? []), name]);
  }
  return [...said].map(([answer, names]) => `${names.join(', ')}: ${answer}`).join('; ');
}

/**
 * The note on an answer that is legal and not the one that kserve-env documents.
 * @throws CaseFailure where the server is ours: all that is documented must hold
 */
export function unusual({ ours }: Pick<ServerProfile, 'ours'>, message: string, known: KnownAnswers = {}): string {
  if (ours) throw new CaseFailure(message);
  const text = knownAnswersText(known);
  return text === '' ? message : `${message} (${text})`;
}

/** Notes as one; undefined where there is none. */
export function joinNotes(notes: readonly (string | undefined)[]): string | undefined {
  const said = notes.filter((note) => note !== undefined);
  return said.length === 0 ? undefined : said.join('; ');
}

/** What a call ends with: an answer, or the error that it was refused with. */
export type Outcome<T> = { answer: T; refusal?: undefined } | { answer?: undefined; refusal: OipError };

/** A time-out is thrown on, since it is no refusal, and so is whatever is no answer of the server's. */
export async function outcomeOf<T>(call: Promise<T>): Promise<Outcome<T>> {
  try {
    return { answer: await call };
  } catch (error) {
    if (!(error instanceof OipError) || error.status === 'DEADLINE_EXCEEDED' || error.status === 'CANCELLED')
      throw error;
    return { refusal: error };
  }
}

/** The error that a call was refused with; undefined where it was answered. Throws as `outcomeOf` does. */
export async function refusalOf(call: Promise<unknown>): Promise<OipError | undefined> {
  return (await outcomeOf(call)).refusal;
}
