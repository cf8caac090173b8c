/** Lets suites loose on a mutant until each of them has caught it. */
import type { Case, CaseResult, SuiteName, Transport } from '../../../src/checks/case.js';
import { openConnections } from '../../../src/checks/connections.js';
import { discoverServer } from '../../../src/checks/discover.js';
import type { ServerProfile } from '../../../src/checks/profile.js';
import { type RunOptions, runCases } from '../../../src/checks/runner.js';
import { casesFor } from '../../../src/checks/suites/all-cases.js';
import type { TableMutation } from '../../fakes/mutant-make.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { allModels, type Served, serve } from './served.js';

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
  const { suites, says, timeoutMs = usualTimeoutMs } = mutation;
  const { signal } = new AbortController();
  await using server = await serve(allModels);
  await using mutant = await startMutant(server, mutation);
  const profile = await profileOf(server);
  const connect: RunOptions['connect'] = (how) =>
    openConnections(
      {
        ...(reached.includes('grpc') && { grpc: { endpoint: mutant.grpc } }),
        ...(reached.includes('rest') && { rest: { baseUrl: mutant.http } }),
      },
      how,
    );
  await using connections = connect();
  const options = { server: { ...profile, transports: reached }, connections, connect, signal, timeoutMs, concurrency };
  const caught: Caught[] = [];
  for (const suite of suites) {
    const cases = casesFor(options.server, { suites: [suite] });
    const possible = cases.filter((one) => one.transports.every((transport) => reached.includes(transport)));
    if (possible.length === 0) continue;
    caught.push({ suite, result: await firstCatch(possible, options, says[suite] as RegExp) });
  }
  return caught;
}

/** What is known of the server beforehand is what the right one says, as of an environment of ours. */
async function profileOf({ grpc, http }: Served): Promise<ServerProfile> {
  await using connections = openConnections({ grpc: { endpoint: grpc }, rest: { baseUrl: http } });
  const { signal } = new AbortController();
  return await discoverServer({ connections, signal, timeoutMs: usualTimeoutMs, configured: allModels });
}

async function firstCatch(cases: readonly Case[], options: RunOptions, says: RegExp): Promise<CaseResult | undefined> {
  let other: CaseResult | undefined;
  for (const one of cases) {
    const [result] = await runCases([one], options);
    if (result?.status !== 'failed') continue;
    if (says.test(result.message ?? '')) return result;
    other ??= result;
  }
  return other;
}
