/** Lets suites loose on a mutant until each of them has caught it. */
import type { CaseResult, SuiteName, Transport } from '../../../src/checks/case.js';
import { openConnections } from '../../../src/checks/connections.js';
import { discoverServer } from '../../../src/checks/discover.js';
import { type RunOptions, runCases } from '../../../src/checks/runner.js';
import { casesFor } from '../../../src/checks/suites/all-cases.js';
import type { TableMutation } from '../../fakes/mutant-make.js';
import { startMutant } from '../../fakes/mutant-server.js';
import { allModels, serve } from './served.js';

/** Requests at one time: enough to be mixed up. */
const concurrency = 24;
const usualTimeoutMs = 5_000;

/**
 * For each suite that the mutation names, the first failure that says what the mutation says, or else one that says
 * something else, if there is any.
 */
export async function hunt(mutation: TableMutation, reached: readonly Transport[]): Promise<CaseResult[]> {
  const { suites, says, timeoutMs = usualTimeoutMs } = mutation;
  await using server = await serve(allModels);
  await using mutant = await startMutant(server, mutation);
  const connect: RunOptions['connect'] = (how) =>
    openConnections(
      {
        ...(reached.includes('grpc') && { grpc: { endpoint: mutant.grpc } }),
        ...(reached.includes('rest') && { rest: { baseUrl: mutant.http } }),
      },
      how,
    );
  await using connections = connect();
  const { signal } = new AbortController();
  // What is known of the server is what the right one says, as of an environment of ours.
  await using right = openConnections({ grpc: { endpoint: server.grpc }, rest: { baseUrl: server.http } });
  const discovered = await discoverServer({ connections: right, signal, timeoutMs: usualTimeoutMs, configured: allModels });
  const profile = { ...discovered, transports: reached };
  const options: RunOptions = { server: profile, connections, connect, signal, timeoutMs, concurrency };
  const caught: CaseResult[] = [];
  for (const suite of suites) {
    const found = await firstCatch(suite, options, says[suite] as RegExp);
    if (found) caught.push(found);
  }
  return caught;
}

async function firstCatch(suite: SuiteName, options: RunOptions, says: RegExp): Promise<CaseResult | undefined> {
  let other: CaseResult | undefined;
  for (const one of casesFor(options.server, { suites: [suite] })) {
    const [result] = await runCases([one], options);
    if (result?.status !== 'failed') continue;
    if (says.test(result.message ?? '')) return result;
    other ??= result;
  }
  return other;
}
