/** What a daemon says of the machine it runs on; it may be another one than this. */

/** What it does not say is absent. */
export interface EngineHost {
  /** Of the Docker API that it speaks: `1.41`. */
  apiVersion: string;
  /** Name of its machine. */
  name?: string;
  memoryBytes?: number;
  cpus?: number;
  /** ISO 8601, by its own clock. */
  time?: string;
  /** Directory on its machine where images and containers are. */
  storageDir?: string;
  /** Bounds on containers that its kernel can keep. */
  limits: { memory: boolean; cpu: boolean; pids: boolean };
  /** As Docker writes them: `name=seccomp,profile=default`, `name=rootless`. */
  securityOptions: string[];
}
