/**
 * A lock across processes: one command at a time changes an environment. It ends with the process that holds it.
 *
 * Lamport's bakery (A New Solution of Dijkstra's Concurrent Programming Problem, 1974) over claims, a file each: whoever
 * comes takes a ticket above all that it sees, and enters when no living claimant is choosing or has a smaller one.
 * Nothing is ever taken from anybody, so there is no moment in which two could take it.
 */
import { pause } from '../engine/settle.js';
import { TimedOutError } from '../errors.js';
import {
  type Claim,
  type ClaimContent,
  dropClaim,
  type Intent,
  isHeld,
  listClaims,
  type OwnClaim,
  openClaim,
  readClaim,
} from './claim.js';

/** Which lock, and how long it is waited for. */
export interface LockOptions {
  /** Directory that all kserve-env processes of this user share. */
  stateDir: string;
  /** Name of the environment. */
  name: string;
  /** Milliseconds until the wait for another command is given up; 0 only looks. */
  timeoutMs: number;
  signal: AbortSignal;
  /** Called once if another process has the lock. */
  onWait: (pid: number) => void;
}

/** The lock while it is held. */
export interface HeldLock {
  readonly stateDir: string;
  /** Never used before: marks what is made under this lock. */
  readonly nonce: string;
  /** Writes down what is about to be done, before it is done; undefined when there is nothing left to end. */
  intend(intent: Intent | undefined): Promise<void>;
  /** What commands before this one left undone. Call `done` of each when it has been ended. */
  undone(): Promise<Undone[]>;
}

/** Something that a command began and did not end. */
export interface Undone {
  name: string;
  pid: number;
  /** Of the file that tells of it. */
  path: string;
  /** What the half-made instance is labelled with. */
  nonce: string;
  intent: Intent;
  done(): Promise<void>;
}

/** Another command holds the lock and does not end. */
export class LockedError extends TimedOutError {
  constructor(name: string, pid: number, timeoutMs: number) {
    super(`Process ${pid} has been changing ${name} for more than ${timeoutMs} ms`, {
      hint: `wait for it, or end it with kill ${pid}`,
      details: { name, pid },
    });
  }
}

const pollMs = 25;
/** Longest wait for the ticket of another, where there should be no wait at all, in milliseconds. */
const choiceMs = 200;

/**
 * Runs work while this process alone holds the environment's lock. What it intends when it ends stays on record for the
 * next command.
 * @throws LockedError
 */
export async function withEnvironmentLock<T>(options: LockOptions, work: (lock: HeldLock) => Promise<T>): Promise<T> {
  const { claim, ticket } = await acquire(options);
  let intent: Intent | undefined;
  try {
    return await work({
      stateDir: options.stateDir,
      nonce: claim.nonce,
      async intend(next) {
        intent = next;
        await claim.write({ ticket, ...(next && { intent: next }) });
      },
      undone: () => undoneOf(options.stateDir, options.name),
    });
  } finally {
    if (intent === undefined) await claim.drop();
    else {
      await claim.write({ released: true, intent });
      await claim.leave();
    }
  }
}

/** Every environment of which a command left something undone, and what. The files of the dead without intent go. */
export async function undoneOf(stateDir: string, name?: string): Promise<Undone[]> {
  const found = await Promise.all(
    (await listClaims(stateDir, name)).map(async (claim): Promise<Undone[]> => {
      const held = await isHeld(claim);
      const content = await readClaim(claim);
      if (content === 'gone') return [];
      if (held && (content === 'choosing' || !content.released)) return [];
      const intent = content === 'choosing' ? undefined : content.intent;
      const done = () => dropClaim(claim);
      if (intent) return [{ name: claim.name, pid: claim.pid, path: claim.path, nonce: claim.nonce, intent, done }];
      await done();
      return [];
    }),
  );
  return found.flat();
}

/** The process that is making or removing something under this nonce now, if it lives. */
export async function makersOf(stateDir: string): Promise<Map<string, number>> {
  const makers = new Map<string, number>();
  for (const claim of await listClaims(stateDir)) {
    const content = await readClaim(claim);
    if (typeof content === 'string' || content.released || content.intent?.kind !== 'make') continue;
    if (await isHeld(claim)) makers.set(claim.nonce, claim.pid);
  }
  return makers;
}

async function acquire(options: LockOptions): Promise<{ claim: OwnClaim; ticket: number }> {
  const { stateDir, name, timeoutMs, signal, onWait } = options;
  const begin = performance.now();
  let told = false;
  let queued = await queue(stateDir, name);
  try {
    for (;;) {
      signal.throwIfAborted();
      const before = await firstBefore(stateDir, queued);
      if (before === undefined) return queued;
      if (before === 'lost') {
        queued = await requeue(stateDir, queued.claim);
        continue;
      }
      const waited = performance.now() - begin;
      const patience = before.choosing ? Math.max(timeoutMs, choiceMs) : timeoutMs;
      if (waited >= patience) throw new LockedError(name, before.claim.pid, timeoutMs);
      // Who chooses a ticket will have done so in a moment, and mostly behind us.
      if (!told && !before.choosing) {
        onWait(before.claim.pid);
        told = true;
      }
      await pause(before.choosing ? 1 : pollMs, signal);
    }
  } catch (error) {
    await queued.claim.drop();
    throw error;
  }
}

/** A claim with a ticket above all others. Others wait for it from the moment that its file is there. */
async function queue(stateDir: string, name: string): Promise<{ claim: OwnClaim; ticket: number }> {
  const claim = await openClaim(stateDir, name);
  try {
    const tickets = await Promise.all(
      (await listClaims(stateDir, name)).map(async (one) => ticketOf(await readClaim(one))),
    );
    const ticket = Math.max(0, ...tickets) + 1;
    await claim.write({ ticket });
    return { claim, ticket };
  } catch (error) {
    await claim.drop();
    throw error;
  }
}

async function requeue(stateDir: string, lost: OwnClaim): Promise<{ claim: OwnClaim; ticket: number }> {
  const next = await queue(stateDir, lost.name);
  await lost.drop();
  return next;
}

/**
 * A living claimant that comes before us; `lost` when our own file was taken away.
 *
 * Whoever is not in this list made its file after we had written our ticket, and so takes a larger one.
 */
async function firstBefore(
  stateDir: string,
  { claim: own, ticket }: { claim: OwnClaim; ticket: number },
): Promise<{ claim: Claim; choosing: boolean } | 'lost' | undefined> {
  const claims = await listClaims(stateDir, own.name);
  if (!claims.some(({ nonce }) => nonce === own.nonce)) return 'lost';
  for (const claim of claims) {
    if (claim.nonce === own.nonce) continue;
    const content = await readClaim(claim);
    if (content === 'gone') continue;
    const choosing = content === 'choosing';
    if (!choosing && (content.released || comesAfter(content, claim, ticket, own))) continue;
    if (await isHeld(claim)) return { claim, choosing };
    // It can never come back; what it left undone is told by its file, which stays until that is done.
    await dropUnlessUndone(claim);
  }
  return undefined;
}

/** Of a dead process. It may have written since we read: what it says now is its last word. */
async function dropUnlessUndone(claim: Claim): Promise<void> {
  const last = await readClaim(claim);
  if (typeof last === 'string' || last.intent === undefined) await dropClaim(claim);
}

function comesAfter(content: ClaimContent, claim: Claim, ticket: number, own: Claim): boolean {
  const other = ticketOf(content);
  return other > ticket || (other === ticket && claim.nonce > own.nonce);
}

function ticketOf(content: ClaimContent | 'gone' | 'choosing'): number {
  return typeof content === 'string' ? 0 : (content.ticket ?? 0);
}
