/** What an environment should be, as plain data: made from the config, carried by labels, compared for drift. */
import * as z from 'zod';
import type { ModelFiles } from '../config/model-files.js';
import type { Config } from '../config/schema.js';
import type { Endpoints, InstanceSpec, NetworkMode, PortRequest, ResourceLimits } from '../engine/engine.js';
import { labelPrefix } from '../engine/labels.js';
import { modelConfigSchema } from '../models/kinds.js';
import { containerControlSocket, type ServerConfig, serverConfigVariable } from '../models/server-config.js';
import { type Access, accessFiles, accessSchema, serverAccess } from './access.js';

/** The desired environment. Everything that makes two of them different is in here. */
export interface EnvironmentSpec {
  /** Digest of what runs: the image, or the server bundle where there is no image. */
  image: { source: string; id: string; digest?: string };
  ports: { grpc: PortRequest; http: PortRequest };
  resources: ResourceLimits;
  network: NetworkMode;
  /** Files that models are made of, by where a container has them. */
  files: Record<string, { source: string; digest: string }>;
  server: ServerConfig;
  /** Milliseconds after which it ends by itself; absent where it does not. */
  ttl?: number;
  /** What lets clients in; absent where everybody may come in plain text. */
  access?: Access;
}

const portRequest = z.union([z.int(), z.literal('auto')]);

/** As far as commands rely on a spec that came from a label. */
const specSchema = z.object({
  image: z.object({ source: z.string(), id: z.string(), digest: z.string().optional() }),
  ports: z.object({ grpc: portRequest, http: portRequest }),
  resources: z.object({ memoryMiB: z.number(), cpus: z.number() }),
  server: z.object({ models: z.array(modelConfigSchema) }),
  ttl: z.number().optional(),
  access: accessSchema.optional(),
});

/** What a spec is made from. */
export interface SpecOptions {
  config: Config;
  /** What `readModelFiles` says of the config; needed where a model is made of a file. */
  modelFiles?: ModelFiles;
  image: EnvironmentSpec['image'];
  /** Version of kserve-env. */
  version: string;
  /** The secrets that are made for it; needed where the config wants TLS or a token. */
  access?: Access | undefined;
}

const specLabel = `${labelPrefix}spec`;
const versionLabel = `${labelPrefix}version`;
const configFileLabel = `${labelPrefix}config-file`;
const setOutsideLabel = `${labelPrefix}set-outside`;
const madeByLabel = `${labelPrefix}made-by`;
const expiresAtLabel = `${labelPrefix}expires-at`;

/** The environment that a config describes, with the ports that servers have inside their container. */
export function desiredSpec({ config, modelFiles, image, version, access }: SpecOptions): EnvironmentSpec {
  return {
    image,
    ports: config.ports,
    resources: config.resources,
    network: config.network,
    files: Object.fromEntries(
      (modelFiles?.files ?? []).map(({ target, source, digest }) => [target, { source, digest }]),
    ),
    server: {
      version,
      host: '0.0.0.0',
      grpcPort: 8081,
      httpPort: 8080,
      logLevel: config.server.logLevel,
      workers: workersFor(config),
      limits: config.server.limits,
      models: modelFiles?.models ?? config.models,
      allowedOrigins: config.server.allowedOrigins,
      allowedHosts: config.server.allowedHosts,
      faults: config.faults,
      faultHeader: config.server.faultHeader,
      controlSocket: containerControlSocket,
      ...serverAccess(access),
    },
    ...(config.ttl !== undefined && { ttl: config.ttl }),
    ...(access && { access }),
  };
}

/** `auto` is decided here, since a container sees all CPUs of the machine and may use few of them. */
function workersFor({ server, resources }: Config): number {
  return server.workers === 'auto' ? Math.max(1, Math.floor(resources.cpus)) : server.workers;
}

/** What goes into the labels beside the spec. */
export interface InstanceOptions {
  imageId?: string;
  /** Absolute path of the config file, if there is one. */
  configFile?: string;
  /** Dotted paths of the values that came from a flag or a variable. */
  setOutside?: string[];
  /** Of the lock under which it is made. */
  madeBy?: string;
  /** Milliseconds since the epoch, for an environment that ends by itself. */
  now?: number;
}

/** What the engine is asked for. The spec travels in a label, so that the engine itself remembers it. */
export function instanceSpec(name: string, spec: EnvironmentSpec, options: InstanceOptions): InstanceSpec {
  const { imageId, configFile, setOutside, madeBy, now = Date.now() } = options;
  const { ttl } = spec;
  return {
    name,
    ...(imageId !== undefined && { imageId }),
    env: { [serverConfigVariable]: JSON.stringify({ ...spec.server, ...(ttl !== undefined && { ttlMs: ttl }) }) },
    labels: {
      [specLabel]: JSON.stringify(spec),
      [versionLabel]: spec.server.version,
      ...(configFile !== undefined && { [configFileLabel]: configFile }),
      ...(setOutside?.length && { [setOutsideLabel]: setOutside.join(' ') }),
      ...(madeBy !== undefined && { [madeByLabel]: madeBy }),
      ...(ttl !== undefined && { [expiresAtLabel]: new Date(now + ttl).toISOString() }),
    },
    ports: spec.ports,
    resources: spec.resources,
    network: spec.network,
    files: [
      ...Object.entries(spec.files).map(([target, { source }]) => ({ source, target })),
      ...accessFiles(spec.access),
    ],
  };
}

/** The spec that an instance was made from; undefined if somebody else made it or tampered with it. */
export function specOfLabels(labels: Record<string, string>): EnvironmentSpec | undefined {
  try {
    const spec: unknown = JSON.parse(labels[specLabel] ?? '');
    // What is written there is what counts, not what today's defaults would make of it.
    return specSchema.safeParse(spec).success ? (spec as EnvironmentSpec) : undefined;
  } catch {
    return undefined;
  }
}

/** Nonce of the lock under which it was made. */
export function madeByOfLabels(labels: Record<string, string>): string | undefined {
  return labels[madeByLabel];
}

/** Path of the config file that it was made from. */
export function configFileOfLabels(labels: Record<string, string>): string | undefined {
  return labels[configFileLabel];
}

/** What lets clients in; undefined where everybody may come in plain text. */
export function accessOfLabels(labels: Record<string, string>): Access | undefined {
  return specOfLabels(labels)?.access;
}

/** When it ends by itself, ISO 8601; undefined where it does not. */
export function expiresAtOfLabels(labels: Record<string, string>): string | undefined {
  const text = labels[expiresAtLabel];
  return text === undefined || Number.isNaN(Date.parse(text)) ? undefined : text;
}

/** Whether its time is over, in milliseconds since the epoch. */
export function hasExpired(labels: Record<string, string>, now: number): boolean {
  const expiresAt = expiresAtOfLabels(labels);
  return expiresAt !== undefined && Date.parse(expiresAt) <= now;
}

/** Dotted paths of the values that a flag or a variable gave when the instance was made; no file has them. */
export function setOutsideOfLabels(labels: Record<string, string>): string[] {
  return labels[setOutsideLabel]?.split(' ') ?? [];
}

/** Paths of values that are others only where `access.secrets` or what stands beside it is another one. */
const followsFromSecrets = /^(server\.(tls\.|tokenFile$)|access\.(directory|tls\.(until|ca|serverName))$)/;

/**
 * What differs, a line a value: `server.models.0.factor: 2 → 3`. Empty when they are the same.
 * @param except dotted paths of values that do not count
 */
export function differences(desired: EnvironmentSpec, actual: EnvironmentSpec, except: string[] = []): string[] {
  const before = flatten(actual);
  const after = flatten(desired);
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => before.get(path) !== after.get(path) && !except.includes(path) && !followsFromSecrets.test(path))
    .map((path) => `${path}: ${short(before.get(path))} → ${short(after.get(path))}`);
}

function flatten(value: unknown, path = '', into = new Map<string, string>()): Map<string, string> {
  if (typeof value !== 'object' || value === null) return into.set(path, JSON.stringify(value));
  const entries = Object.entries(value);
  if (entries.length === 0) into.set(path, Array.isArray(value) ? '[]' : '{}');
  for (const [key, inner] of entries) flatten(inner, path === '' ? key : `${path}.${key}`, into);
  return into;
}

function short(value: string | undefined): string {
  if (value === undefined) return 'none';
  return value.length > 40 ? `${value.slice(0, 37)}...` : value;
}

/** Endpoints as clients write them, usable as they are: IPv4, since `localhost` may mean IPv6. With TLS they say so. */
export function endpointAddresses(
  { host, grpcPort, httpPort }: Endpoints,
  reach?: { tls?: object | undefined },
): { grpc: string; http: string } {
  if (reach?.tls) return { grpc: `grpcs://${host}:${grpcPort}`, http: `https://${host}:${httpPort}` };
  return { grpc: `${host}:${grpcPort}`, http: `http://${host}:${httpPort}` };
}
