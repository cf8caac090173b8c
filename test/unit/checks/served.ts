/** A real server in this process, and what the cases find of it. */
import type { CaseResult } from '../../../src/checks/case.js';
import { type ConnectionOptions, openConnections } from '../../../src/checks/connections.js';
import { type DiscoverOptions, discoverServer } from '../../../src/checks/discover.js';
import type { FaultPort } from '../../../src/checks/fault-port.js';
import type { ServerProfile } from '../../../src/checks/profile.js';
import { type RunOptions, runCases } from '../../../src/checks/runner.js';
import { type CaseSelection, casesFor } from '../../../src/checks/suites/all-cases.js';
import { defaultModels } from '../../../src/config/default-models.js';
import { faultSchema } from '../../../src/faults/fault.js';
import { readFaultText } from '../../../src/faults/fault-text.js';
import { type ModelConfig, modelConfigSchema } from '../../../src/models/kinds.js';
import type { Limits } from '../../../src/models/limits.js';
import { serverConfigSchema } from '../../../src/models/server-config.js';
import { startServer } from '../../../src/server/start-server.js';

export const allModels: ModelConfig[] = modelConfigSchema.array().parse(defaultModels);

/** The default FP64 scale model alone. */
export const scaler = allModels.filter(({ name }) => name === 'simple_scaler');

/** A running server of ours. */
export interface Served extends AsyncDisposable {
  grpc: string;
  http: string;
  faults: FaultPort;
}

/** @param limits those that differ from the usual ones */
export async function serve(models: ModelConfig[], limits: Partial<Limits> = {}): Promise<Served> {
  const options = { version: '1.2.3', host: '127.0.0.1', grpcPort: 0, httpPort: 0, models, limits };
  const server = await startServer(serverConfigSchema.parse(options));
  const { faults: keeper } = server;
  if (keeper === undefined) throw new Error('the server has no keeper of faults');
  return {
    grpc: `127.0.0.1:${server.grpcPort}`,
    http: `http://127.0.0.1:${server.httpPort}`,
    faults: {
      add: async (text) => {
        const faults = readFaultText(text).map((input) => faultSchema.parse(input));
        return (await keeper.add(faults)).map(({ id }) => id);
      },
      clear: async (ids) => void (await keeper.clear(ids)),
    },
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** What is checked, and how; all of it unless said otherwise. */
export interface CheckOptions
  extends CaseSelection,
    Pick<DiscoverOptions, 'models' | 'configured' | 'guesses' | 'expectations'>,
    Partial<Pick<RunOptions, 'bail' | 'repeat' | 'timeoutMs' | 'concurrency' | 'signal' | 'onResult'>> {
  /** Leave a transport out. */
  only?: 'grpc' | 'rest';
  /** Change what is known of the server, as if it had said so. */
  profile?: (server: ServerProfile) => ServerProfile;
}

/** The results of the cases against a server at these addresses. */
export async function check(
  { grpc, http, faults }: { grpc: string; http: string; faults?: FaultPort },
  options: CheckOptions = {},
): Promise<CaseResult[]> {
  const { only, profile = (server) => server, signal = new AbortController().signal, timeoutMs = 10_000 } = options;
  const settings: ConnectionOptions = {
    ...(only !== 'rest' && { grpc: { endpoint: grpc } }),
    ...(only !== 'grpc' && { rest: { baseUrl: http } }),
  };
  const connect: RunOptions['connect'] = (how) => openConnections(settings, how);
  await using connections = connect();
  const server = profile(await discoverServer({ ...options, connections, signal, timeoutMs }));
  const cases = casesFor(server, options);
  return await runCases(cases, {
    concurrency: 200,
    ...(faults && { faults }),
    ...options,
    server,
    connections,
    connect,
    signal,
    timeoutMs,
  });
}

/** The results with a verdict. */
export const withVerdict = (results: CaseResult[], status: CaseResult['status']): CaseResult[] =>
  results.filter((result) => result.status === status);
