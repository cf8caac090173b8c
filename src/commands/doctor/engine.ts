/** Checks of the engine: which one it is, what it speaks, and what its machine can keep to. */
import type { EnginePreference, Tried } from '../../engine/detect.js';
import type { EngineInfo, EngineKind } from '../../engine/engine.js';
import type { EngineHost } from '../../engine/host.js';
import { ExitCode } from '../../errors.js';
import { type Finding, failed, passed, skipped, warned } from './finding.js';

/** What came of the search for an engine. */
export interface EngineSearch {
  preference: EnginePreference;
  /** The daemon that answers; undefined where local processes will do. */
  daemon?: Pick<EngineInfo, 'kind' | 'title' | 'endpoint'>;
  tried: Tried[];
  /** Variable or Docker context that says which daemon is meant. */
  namedBy?: string;
  /** What helps where a daemon is there and does not answer. */
  hint?: string;
}

/** No daemon is no fault, unless one was asked for; that case has an error of its own. */
export function judgeEngine({ preference, daemon, tried, namedBy, hint }: EngineSearch): Finding {
  const details = { tried };
  const isNamed = (kind: EngineKind) =>
    namedBy !== undefined && (namedBy === 'DOCKER_HOST' || (namedBy === 'CONTAINER_HOST') === (kind === 'podman'));
  if (preference === 'process') return passed('local processes, as asked for', details);
  if (daemon !== undefined) {
    const by = isNamed(daemon.kind) ? `, named by ${namedBy}` : '';
    return passed(`${daemon.title} answers at ${daemon.endpoint}${by}`, details);
  }
  const there = tried.filter(({ kind, outcome }) => isNamed(kind) || outcome !== 'does not exist');
  const fine = 'local processes will be used, which is fine';
  if (there.length === 0) return passed(`no Docker and no Podman here: ${fine}`, details);
  const outcomes = there.map(({ endpoint, outcome }) => `${endpoint} ${outcome}`).join('; ');
  const remedy = hint ?? 'start Docker, or use --engine process';
  const isVariable = namedBy !== undefined && /^[A-Z_]+$/.test(namedBy);
  return warned(`${outcomes}; ${fine}`, isVariable ? `unset ${namedBy}, or ${remedy}` : remedy, details);
}

/** Of the Docker API: older ones lack what is asked for; from the second on everything is tested. */
const apiVersions = { needed: [1, 30], tested: [1, 41] } as const;

/** 1.30 brought the wait for the next exit, 1.41 is what Docker 20.10 speaks. */
export function judgeApi({ apiVersion }: Pick<EngineHost, 'apiVersion'>): Finding {
  const found = `Docker API ${apiVersion}`;
  const details = { apiVersion };
  const [major = 0, minor = 0] = apiVersion.split('.').map(Number);
  const isBefore = ([otherMajor, otherMinor]: readonly [number, number]) =>
    major < otherMajor || (major === otherMajor && minor < otherMinor);
  const remedy = 'update the engine: Docker 20.10 or newer, Podman 4 or newer; or use --engine process';
  if (isBefore(apiVersions.needed)) {
    return failed(
      `${found} is too old: ${apiVersions.needed.join('.')} is needed`,
      remedy,
      ExitCode.engineUnreachable,
      details,
    );
  }
  if (isBefore(apiVersions.tested)) {
    return warned(`${found} is older than ${apiVersions.tested.join('.')}, the oldest that is tested`, remedy, details);
  }
  return passed(found, details);
}

/** What a kernel cannot bound, a server may take. */
export function judgeLimits({ limits }: Pick<EngineHost, 'limits'>): Finding {
  const names = { memory: 'memory', cpu: 'CPU time', pids: 'number of processes' };
  const missing = Object.entries(names).flatMap(([key, name]) => (limits[key as keyof typeof names] ? [] : [name]));
  const details = { ...limits };
  if (missing.length === 0) return passed('memory, CPU time and number of processes are bounded', details);
  return warned(
    `not bounded here: ${missing.join(', ')}`,
    'boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1), and delegate cpu, memory and pids to a rootless engine',
    details,
  );
}

/** Options as Docker writes them: `name=seccomp,profile=default`. */
export function judgeSecurity({ securityOptions }: Pick<EngineHost, 'securityOptions'>): Finding {
  const names = securityOptions.map((option) => /^(?:name=)?([^,]+)/.exec(option)?.[1] ?? option);
  const details = { securityOptions };
  const unconfined = securityOptions.some((option) => /seccomp/.test(option) && /unconfined/.test(option));
  if (names.includes('seccomp') && !unconfined) return passed(names.join(', '), details);
  return warned(
    `seccomp does not filter system calls${names.length > 0 ? ` (there: ${names.join(', ')})` : ''}`,
    'take --seccomp-profile=unconfined from the daemon, or use a kernel with CONFIG_SECCOMP_FILTER',
    details,
  );
}

/** More than this is noticed: times of logs and of the end of an environment would be wrong. */
const clockToleranceMs = 5_000;

/** @param skewMs the daemon's clock minus ours; undefined where it does not tell the time */
export function judgeClock(skewMs: number | undefined): Finding {
  if (skewMs === undefined || Number.isNaN(skewMs)) return skipped('the daemon does not tell its time');
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const details = { skewMs: Math.round(skewMs) };
  if (Math.abs(skewMs) <= clockToleranceMs) return passed("the daemon's is as ours", details);
  return warned(
    `the daemon's is ${seconds} s ${skewMs > 0 ? 'ahead of' : 'behind'} ours: times in logs will be wrong`,
    'restart the machine that the daemon runs in (Docker Desktop: Restart; podman machine stop, then start)',
    details,
  );
}
