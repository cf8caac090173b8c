/** Lets suites loose on a mutant until each of them has caught it. */
import type { Case, CaseResult, SuiteName, Transport } from '../../../src/checks/case.js';
import { type ConnectionOptions, openConnections } from '../../../src/checks/connections.js';
import { discoverServer } from '../../../src/checks/discover.js';
import type { Connections } from '../../../src/checks/probe.js';
import type { ServerProfile } from '../../../src/checks/profile.js';
import { type RunOptions, runCases } from '../../../src/checks/runner.js';
import { casesFor } from '../../../src/checks/suites/all-cases.js';
import type { TableMutation } from '../../fakes/mutant-make.js';
import { type Mutant, startMutant } from '../../fakes/mutant-server.js';
import { allModels, serve } from './served.js';

/** Requests at one time: enough to be mixed up. */
const concurrency = 24;
const usualTimeoutMs = 5_000;

/** What a suite found of a mutant. */
interface Caught {
  suite: SuiteName;
  /** The first failure that says what the mutation says, or else one that says something else, if there is any. */
  result: CaseResult | undefined;
}

/** Asks each suite that the mutation names; of a suite that has no case over these transports nothing is said. */
export async function hunt(mutation: TableMutation, reached: readonly Transport[]): Promise<Caught[]> {
  const { suites, cases = [] } = mutation;
  await using right = await serve(allModels);
  const caught: Caught[] = [];
  let profile: ServerProfile | undefined;
  for (const suite of suites) {
    // A new one each time, since it may remember what another suite has done to it.
    await using mutant = await startMutant(right, mutation);
    const options = optionsFor(mutant, mutation, reached);
    await using connections = options.connect();
    profile ??= await profileOf(connections, options);
    const possible = casesFor(profile, { suites: [suite], cases }).filter((one) =>
      one.transports.every((transport) => reached.includes(transport)),
    );
    if (possible.length === 0) continue;
    const result = await firstCatch(possible, mutation, { ...options, server: profile, connections });
    caught.push({ suite, result });
  }
  return caught;
}

function optionsFor(
  { grpc, http }: Mutant,
  { timeoutMs = usualTimeoutMs }: TableMutation,
  reached: readonly Transport[],
) {
  const settings: ConnectionOptions = {
    ...(reached.includes('grpc') && { grpc: { endpoint: grpc } }),
    ...(reached.includes('rest') && { rest: { baseUrl: http } }),
  };
  const connect: RunOptions['connect'] = (how) => openConnections(settings, how);
  return { connect, signal: new AbortController().signal, timeoutMs, concurrency };
}

/** As `smoke` finds it out of an environment of ours, which it is though it may not say so. */
async function profileOf(connections: Connections, { signal, timeoutMs }: Pick<RunOptions, 'signal' | 'timeoutMs'>) {
  const found = await discoverServer({ connections, signal, timeoutMs, configured: allModels });
  return { ...found, ours: true };
}

async function firstCatch(
  cases: readonly Case[],
  { says }: TableMutation,
  options: RunOptions,
): Promise<CaseResult | undefined> {
  let other: CaseResult | undefined;
  for (const one of cases) {
    const [result] = await runCases([one], options);
    if (result?.status !== 'failed') continue;
    if (says[one.suite]?.test(told(result))) return result;
    other ??= result;
  }
  return other;
}

/** What a mutation's pattern is held against. */
export const told = ({ id, message }: CaseResult): string => `${id}: ${message}`;
