/** The limits that cases go beyond. */
import { type Limits, limitsSchema } from '../models/limits.js';
import type { ServerProfile } from './profile.js';

/** Bytes beyond which no message is sent: a larger one is trouble for the machine, and no news of the server. */
const mostBytes = 64 * 1024 * 1024;

const usual: Limits = limitsSchema.parse(undefined);

/** Those of the server where they are known, else those that a server of ours has unless it is told others. */
export function limitsOf({ limits = usual }: Pick<ServerProfile, 'limits'>): Limits {
  return limits;
}

/** Bytes that are more than the server reads in one message; undefined where they are too many to send. */
export function oversizeOf(server: Pick<ServerProfile, 'limits'>): number | undefined {
  const bytes = limitsOf(server).maxReceiveMessageBytes + 1_024;
  return bytes > mostBytes ? undefined : bytes;
}
