/** The config file's schema: types, defaults, descriptions and the JSON Schema all come from here. */
import * as z from 'zod';
import { parseDuration } from '../duration.js';
import { durationText } from '../duration-text.js';
import { faultsSchema } from '../faults/fault.js';
import { modelConfigSchema } from '../models/kinds.js';
import { limitsSchema } from '../models/limits.js';
import { workersSchema } from '../models/server-config.js';
import { authSchema, tlsSchema } from './access-schema.js';
import { defaultModels } from './default-models.js';
import { enginePreference, environmentName } from './name-schema.js';

/** A config value such as `5m`; its output is in milliseconds. */
const durationSchema = durationText.transform((text) => parseDuration(text) ?? 0);

const port = z
  .union([z.int().min(1).max(65_535), z.literal('auto')], { error: 'a port number from 1 to 65535, or auto' })
  .describe('A port on 127.0.0.1, or auto to let the engine choose a free one.');

/**
 * A registry's host if any, a repository, then a tag or a digest or both. Source: the grammar of the distribution
 * project's reference package, with digests of SHA-256 alone.
 */
const imageReferencePattern =
  /^(?=.{1,512}$)(?:(?:[a-zA-Z0-9][a-zA-Z0-9.-]*|\[[0-9a-fA-F:]+\])(?::\d{1,5})?\/)?[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*(?::\w[\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$/;
const imageReference = z.string().regex(imageReferencePattern, {
  error: 'an image reference, such as node:22-slim or registry.example/team/server@sha256:…',
});

/** The whole config file. Every value has a default, so that an empty file is one. */
export const configSchema = z.strictObject({
  $schema: z.string().optional().describe('Where the JSON Schema of this file is.'),
  version: z.literal(1).default(1).describe('Version of this file format.'),
  name: environmentName,
  engine: enginePreference,
  image: z
    .strictObject({
      source: z
        .enum(['auto', 'host', 'build', 'pull'])
        .default('auto')
        .describe(
          "Where the image comes from: host assembles it from this machine's own Node, with no network; build makes it on a base image; pull fetches it; auto takes what fits.",
        ),
      pullPolicy: z
        .enum(['missing', 'always', 'never'])
        .default('missing')
        .describe('Whether a registry is asked for what the engine has already, or at all.'),
      reference: imageReference.optional().describe('The image to pull; with source auto, that it is pulled.'),
      base: imageReference.default('node:22-slim').describe('The image to build on; it must have a Node.'),
      platform: z
        .string()
        .regex(/^[a-z0-9]{1,32}\/[a-z0-9_]{1,32}(?:\/[a-z0-9.]{1,16})?$/, { error: 'a platform such as linux/arm64' })
        .optional()
        .describe("Platform to build or pull for; the engine's own by default."),
    })
    .prefault({}),
  ports: z.strictObject({ grpc: port.default(9081), http: port.default(9080) }).prefault({}),
  resources: z
    .strictObject({
      memoryMiB: z.int().min(64).max(1_048_576).default(256).describe("Bound on the server's memory, in MiB."),
      cpus: z.number().min(0.05).max(1024).default(1).describe("Bound on the server's share of CPUs."),
    })
    .prefault({}),
  network: z
    .enum(['bridge', 'isolated'])
    .default('bridge')
    .describe(
      'Whether the server may reach out: isolated keeps it from all but its clients and the machine it runs on; Docker alone can.',
    ),
  server: z
    .strictObject({
      logLevel: z.enum(['error', 'warn', 'info', 'debug']).default('info').describe('What the server logs.'),
      workers: workersSchema,
      allowedOrigins: z
        .array(z.string().regex(/^https?:\/\/[^/\s]{1,255}$/, { error: 'an origin such as http://localhost:3000' }))
        .max(100)
        .default([])
        .describe('Browser pages that may call REST, by their origin; no page may unless given.'),
      allowedHosts: z
        .array(z.string().regex(/^[a-z0-9.-]{1,253}$/i, { error: 'a host name' }))
        .max(100)
        .default([])
        .describe(
          'Host names that requests which change models may be for, beside those of this machine and its networks.',
        ),
      faultHeader: z
        .boolean()
        .default(true)
        .describe('Whether a call may carry faults for itself in the header x-kserve-env-fault.'),
      limits: limitsSchema.describe('What the server takes at most; it refuses what is more, and names the limit.'),
    })
    .prefault({}),
  tls: tlsSchema
    .prefault('off')
    .describe('TLS of both ports: off, auto for certificates of its own making, or files of yours.'),
  auth: authSchema.optional().describe('The token that every call must bring; without it nobody needs one.'),
  timeout: durationSchema.prefault('60s').describe('How long `up` waits for the server and its models to be ready.'),
  budget: durationSchema.prefault('5m').describe('What the whole set-up may take; `up` exits 10 when it took longer.'),
  ttl: durationSchema
    .optional()
    .describe('After so long the environment ends by itself, even if nobody comes back; without it, it does not.'),
  faults: faultsSchema.describe('Faults that are in force from the start; see `kserve-env fault`.'),
  models: z.array(modelConfigSchema).min(1).max(256).prefault(defaultModels).describe('The models to serve.'),
});

/** A complete config. Durations are in milliseconds. */
export type Config = z.output<typeof configSchema>;
/** A config as written by hand: everything optional but a model's name and kind. */
export type ConfigInput = z.input<typeof configSchema>;

/** JSON Schema (draft 2020-12) of the config file, for editors. */
export function configJsonSchema(): Record<string, unknown> {
  return { title: 'kserve-env.yaml', ...z.toJSONSchema(configSchema, { io: 'input' }) };
}
