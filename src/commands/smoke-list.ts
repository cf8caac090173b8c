/** `smoke --list`: the cases there are, for the server that is there, or else for ours with its default models. */
import { type CaseDescription, descriptionOf } from '../checks/case.js';
import { openConnections } from '../checks/connections.js';
import { mathematicsOf } from '../checks/mathematics.js';
import type { ModelProfile, ServerProfile } from '../checks/profile.js';
import { sampleInputs } from '../checks/sample-inputs.js';
import { casesFor } from '../checks/suites/all-cases.js';
import { defaultModels } from '../config/default-models.js';
import { createModel, type ModelConfig, modelConfigSchema } from '../models/kinds.js';
import { serverIdentity } from '../models/server-config.js';
import { defaultTimeoutMs } from '../protocol/infer-call.js';
import type { CommandContext, CommandResult } from './context.js';
import { NotRunningError, serverAddress } from './find-environment.js';
import { packageVersion } from './package-info.js';
import { assertSomebodyAnswers, configuredServer, connectionsOf, profileOf, type SmokeOptions } from './smoke.js';

/** The cases, and the server that they are for. */
export interface SmokeListReport {
  server: { name: string; version: string; models: string[] };
  /** False where there is none, and the cases are those for our server with its default models. */
  asked: boolean;
  cases: CaseDescription[];
}

/** Lists cases and runs none. @throws as `smoke` does, but for NotRunningError */
export async function smokeList(
  options: SmokeOptions,
  context: CommandContext,
): Promise<CommandResult<SmokeListReport>> {
  const asked = await askedProfile(options, context);
  const server = asked ?? (await defaultProfile());
  return {
    data: {
      server: { name: server.name, version: server.version, models: server.models.map(({ title }) => title) },
      asked: asked !== undefined,
      cases: casesFor(server, options).map(descriptionOf),
    },
    warnings: [],
  };
}

/** What the server says of itself; undefined where there is no environment and none was named. */
async function askedProfile(options: SmokeOptions, context: CommandContext): Promise<ServerProfile | undefined> {
  const address = await serverAddress(options, context).catch((error: unknown) => {
    if (error instanceof NotRunningError) return undefined;
    throw error;
  });
  if (address === undefined) return undefined;
  await using connections = openConnections(connectionsOf(address));
  await assertSomebodyAnswers(connections, address, context.signal);
  const { timeoutMs = defaultTimeoutMs } = options;
  return await profileOf(connections, configuredServer(address), { ...options, timeoutMs }, context.signal);
}

/** What our server says of itself where nobody configured it, without one. */
async function defaultProfile(): Promise<ServerProfile> {
  const models: ModelProfile[] = [];
  for (const config of modelConfigSchema.array().parse(defaultModels)) models.push(await modelProfile(config));
  return {
    name: serverIdentity.name,
    version: packageVersion(),
    extensions: serverIdentity.extensions,
    ours: true,
    mayUnload: true,
    transports: ['grpc', 'rest'],
    ready: true,
    models,
    unloaded: [],
  };
}

async function modelProfile(config: ModelConfig): Promise<ModelProfile> {
  const { name, versions } = config;
  const model = await createModel(config, { version: versions.at(-1) ?? '' });
  const { platform, inputs, outputs } = model;
  const metadata = { name, versions, platform, inputs: [...inputs], outputs: [...outputs] };
  await model.close?.();
  const sample = sampleInputs(metadata)[0];
  const mathematics = mathematicsOf(config);
  return {
    name,
    version: '',
    title: name,
    metadata,
    config,
    ...(sample && { sample: { inputs: sample } }),
    ...(mathematics && { mathematics }),
  };
}
