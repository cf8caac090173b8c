/** What a container is created with: the security defaults, as one pure function of what was asked for. */
import type { InstanceSpec, PortRequest } from '../engine.js';
import type { ServedFile } from '../files.js';
import { containerName, nameLabel } from '../labels.js';
import { oldSpaceMiB } from '../memory.js';
import { type BridgeAddresses, isolatedNames, isolatedNetwork } from './isolation.js';

/** TCP ports that the server listens on inside its container. */
export const containerPorts = { grpc: '8081/tcp', http: '8080/tcp' } as const;

/** A user that no distribution gives to anybody, as distroless images have it. */
const nobodyUser = '65532:65532';

const mebibyte = 1024 * 1024;

/** Body of `POST /containers/create`; the name goes beside it. */
export function createOptions(spec: InstanceSpec, kind: 'docker' | 'podman' = 'docker') {
  const memory = spec.resources.memoryMiB * mebibyte;
  return {
    ...(spec.imageId !== undefined && { Image: spec.imageId }),
    User: nobodyUser,
    Env: Object.entries(withHeapLimit(spec)).map(([key, value]) => `${key}=${value}`),
    Labels: { ...spec.labels, [nameLabel]: spec.name },
    ExposedPorts: { [containerPorts.grpc]: {}, [containerPorts.http]: {} },
    StopSignal: 'SIGTERM',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    OpenStdin: false,
    Tty: false,
    HostConfig: {
      NetworkMode: containerName(spec.name),
      PortBindings: {
        [containerPorts.grpc]: [publish(spec.ports.grpc)],
        [containerPorts.http]: [publish(spec.ports.http)],
      },
      PublishAllPorts: false,
      Privileged: false,
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      // The default seccomp profile stays on as long as no option names another.
      SecurityOpt: ['no-new-privileges'],
      PidsLimit: 128,
      Memory: memory,
      // Equal to the memory: no swap, so that a leak ends the server and not the machine.
      MemorySwap: memory,
      NanoCpus: Math.round(spec.resources.cpus * 1e9),
      // Its user owns it: where the image has no /tmp, runc takes the mode from the mount point when a container starts
      // again. Podman knows no such option.
      Tmpfs: { '/tmp': `rw,noexec,nosuid,nodev,size=16m,mode=1777${kind === 'docker' ? ',uid=65532,gid=65532' : ''}` },
      Ulimits: [
        { Name: 'nofile', Soft: 4096, Hard: 4096 },
        { Name: 'core', Soft: 0, Hard: 0 },
        // What Podman would set is higher than a user without CAP_SYS_RESOURCE may. It counts for all that this user
        // runs, so it is no bound on the server, as PidsLimit is, and Docker needs none.
        ...(kind === 'podman' ? [{ Name: 'nproc', Soft: 4096, Hard: 4096 }] : []),
      ],
      Init: true,
      IpcMode: 'private',
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '5m', 'max-file': '2' } },
      ...(spec.network === 'isolated' && isolatedNames),
      ...(spec.files?.length && { Mounts: spec.files.map(readOnlyMount) }),
    },
  };
}

/**
 * Body of `POST /networks/create`.
 * @param isolated addresses of a network with no way out
 */
export function networkOptions(name: string, isolated?: BridgeAddresses): object {
  const { Options, ...addresses } = isolated ? isolatedNetwork(isolated) : {};
  return {
    Name: containerName(name),
    Driver: 'bridge',
    // Without it the daemon takes a second network of the same name.
    CheckDuplicate: true,
    Labels: { [nameLabel]: name },
    Options: { 'com.docker.network.bridge.enable_icc': 'false', ...Options },
    ...addresses,
  };
}

function publish(port: PortRequest): { HostIp: string; HostPort: string } {
  return { HostIp: '127.0.0.1', HostPort: port === 'auto' ? '' : String(port) };
}

/**
 * As a mount and not as a bind: a source that is missing is an error, and no directory is made in its place. What is
 * mounted below the source stays out, since it would be writable.
 */
function readOnlyMount({ source, target }: ServedFile) {
  const BindOptions = { Propagation: 'rprivate', NonRecursive: true };
  return { Type: 'bind', Source: source, Target: target, ReadOnly: true, BindOptions };
}

function withHeapLimit(spec: InstanceSpec): Record<string, string> {
  const heap = `--max-old-space-size=${oldSpaceMiB(spec.resources.memoryMiB)}`;
  const asked = spec.env.NODE_OPTIONS;
  return { ...spec.env, NODE_OPTIONS: asked ? `${heap} ${asked}` : heap };
}
