/** What is read from the daemon's answers (Docker Engine API 1.41), and nothing more. */
import * as z from 'zod';
import { EngineFailedError } from '../engine.js';

const labels = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});

export const versionReply = z.object({
  Version: z.string(),
  Os: z.string(),
  Arch: z.string(),
  Components: z.array(z.object({ Name: z.string(), Version: z.string() })).nullish(),
});

/** Of `GET /containers/{id}/stats`; of a container that does not run the numbers are missing. */
export const statsReply = z.object({
  cpu_stats: z.object({ cpu_usage: z.object({ total_usage: z.number() }) }),
  memory_stats: z.object({
    usage: z.number().optional(),
    stats: z.object({ total_inactive_file: z.number().optional(), inactive_file: z.number().optional() }).optional(),
  }),
});

export const createReply = z.object({ Id: z.string() });

/** Of `GET /exec/{id}/json`. */
export const execReply = z.object({ ExitCode: z.number().nullish() });

const words = z.array(z.string()).nullish();

const portBindings = z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullable());

export const containerReply = z.object({
  Id: z.string(),
  Created: z.string(),
  Image: z.string(),
  Name: z.string(),
  State: z.object({
    Status: z.string(),
    ExitCode: z.number(),
    OOMKilled: z.boolean(),
    StartedAt: z.string(),
  }),
  Config: z.object({ Labels: labels, Entrypoint: words, Cmd: words }),
  HostConfig: z.object({ PortBindings: portBindings.nullish() }).nullish(),
  NetworkSettings: z.object({
    Ports: portBindings.nullish(),
    Networks: z.record(z.string(), z.unknown()).nullish(),
  }),
});
export type ContainerReply = z.output<typeof containerReply>;

export const containerListReply = z.array(
  z.object({
    Id: z.string(),
    Names: z
      .array(z.string())
      .nullish()
      .transform((value) => value ?? []),
    Labels: labels,
    Ports: z.array(z.object({ PublicPort: z.number().optional(), Type: z.string() })).nullish(),
  }),
);

export const networkListReply = z.array(
  z.object({ Id: z.string(), Name: z.string(), Created: z.string(), Labels: labels }),
);

export const networkReply = z.object({ Containers: z.record(z.string(), z.unknown()).nullish() });

export const waitReply = z.object({
  StatusCode: z.number(),
  Error: z.object({ Message: z.string().nullish() }).nullish(),
});

export const imageReply = z.object({
  Id: z.string(),
  RepoTags: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  RootFS: z.object({ Layers: z.array(z.string()).nullish() }).nullish(),
  RepoDigests: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  Os: z.string().nullish(),
  Architecture: z.string().nullish(),
  Config: z.object({ Labels: labels }).nullish(),
});

/** One line of what load, pull and build answer. */
export const messageReply = z.object({
  status: z.string().nullish(),
  id: z.string().nullish(),
  stream: z.string().nullish(),
  progressDetail: z.object({ current: z.number().nullish(), total: z.number().nullish() }).nullish(),
  error: z.unknown().optional(),
  errorDetail: z.object({ message: z.string().nullish() }).nullish().catch(undefined),
});
export type DaemonMessage = z.output<typeof messageReply>;

export const imageListReply = z.array(z.object({ Id: z.string() }));

/**
 * Reads an answer by its schema.
 * @throws EngineFailedError when the daemon answered something else
 */
export function readReply<Schema extends z.ZodType>(schema: Schema, reply: unknown, from: string): z.output<Schema> {
  const parsed = schema.safeParse(reply);
  if (parsed.success) return parsed.data;
  throw new EngineFailedError(`The daemon at ${from} answered something that is no Docker API answer`, {
    cause: parsed.error,
    details: { problem: z.prettifyError(parsed.error) },
  });
}
