/** What a server is told at its start. Written by the host, read by the server. */
import * as z from 'zod';
import { modelConfigSchema } from './kinds.js';
import { limitsSchema } from './limits.js';

const port = z.int().min(0).max(65_535);

/** Most worker processes that may be asked for. */
const maxWorkers = 64;

/** How many processes answer: a number, or one a CPU. */
export const workersSchema = z
  .union([z.int().min(1).max(maxWorkers), z.literal('auto')], {
    error: `a number from 1 to ${maxWorkers}, or auto`,
  })
  .default(1)
  .describe('Processes that answer requests: a number, or auto for one a CPU that the server may use.');

/** The whole of what the server process reads, as JSON in the environment variable named below. */
export const serverConfigSchema = z.strictObject({
  /** Version of kserve-env, told in ServerMetadata. */
  version: z.string(),
  host: z.string().default('0.0.0.0'),
  /** 0 lets the system choose. */
  grpcPort: port.default(8081),
  httpPort: port.default(8080),
  logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info'),
  workers: workersSchema,
  limits: limitsSchema,
  /** Milliseconds after which the server ends by itself; it does not where absent. */
  ttlMs: z.number().positive().optional(),
  models: z.array(modelConfigSchema),
});

export type ServerConfig = z.output<typeof serverConfigSchema>;

/** What a server of ours calls itself, and what it says that it can beside the core. */
export const serverIdentity = {
  name: 'kserve-env',
  extensions: ['binary_tensor_data', 'model_repository', 'model_configuration', 'statistics'],
} as const;

/** Environment variable that carries the ServerConfig as JSON. */
export const serverConfigVariable = 'KSERVE_ENV_SERVER_CONFIG';
