/** What a server is told at its start. Written by the host, read by the server. */
import * as z from 'zod';
import { faultsSchema } from '../faults/fault.js';
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

const path = z.string().min(1);

/** A certificate and its key: paths of PEM files that the server reads. */
const certificateFiles = z.strictObject({ cert: path, key: path });

/** TLS of a server, for both of its ports. All texts are paths of PEM files that the server reads. */
export const serverTlsSchema = z.strictObject({
  ...certificateFiles.shape,
  /** Authorities whose certificates clients must show; without it they need none. */
  clientCa: path.optional(),
  /** What the fault expired-certificate shows instead. */
  expired: certificateFiles.optional(),
  /** What the fault wrong-certificate shows instead: it is for another host. */
  wrong: certificateFiles.optional(),
});

export type ServerTls = z.output<typeof serverTlsSchema>;

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
  /** Plain text where absent. */
  tls: serverTlsSchema.optional(),
  /** Path of a file whose content, without white space around it, every call but liveness must bring as a bearer token. */
  tokenFile: path.optional(),
  /** Origins of browser pages that may call REST, such as `http://localhost:3000`. None unless given. */
  allowedOrigins: z.array(z.string()).default([]),
  /** Host names that requests which change something may be for, beside those that cannot be an attacker's. */
  allowedHosts: z.array(z.string()).default([]),
  /** Faults that are in force from the start. */
  faults: faultsSchema,
  /** Whether calls may carry faults for themselves in the header of faults/fault-text.ts. */
  faultHeader: z.boolean().default(true),
  /**
   * Path of the Unix socket (on Windows the name of the pipe) by which whoever runs the server asks for faults; none
   * unless given. It is made at the start; see server/faults/control-socket.ts.
   */
  controlSocket: path.optional(),
});

export type ServerConfig = z.output<typeof serverConfigSchema>;

/** Where a container has its control socket: in the only directory that it may write to, which is gone when it ends. */
export const containerControlSocket = '/tmp/kserve-env-control.sock';

/** What a server of ours calls itself, and what it says that it can beside the core. */
export const serverIdentity = {
  name: 'kserve-env',
  extensions: ['binary_tensor_data', 'model_repository', 'model_configuration', 'statistics'],
} as const;

/** Environment variable that carries the ServerConfig as JSON. */
export const serverConfigVariable = 'KSERVE_ENV_SERVER_CONFIG';
