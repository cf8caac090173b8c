/** `doctor`: looks at everything that `up` builds on, and says what is wrong and what to do. Changes nothing. */
import { setMaxListeners } from 'node:events';
import { ExitCode, KServeEnvError } from '../errors.js';
import type { CommandContext, CommandResult, CommonOptions } from './context.js';
import { type CheckDefinition, checks, lookWith } from './doctor/checks.js';
import { type Finding, type FindingStatus, warned } from './doctor/finding.js';
import { openScene, type Scene } from './doctor/scene.js';

export type { FindingStatus } from './doctor/finding.js';

/** One thing that was looked at. */
export interface DoctorCheck {
  /** Stable, for programs. */
  id: string;
  title: string;
  status: FindingStatus;
  found: string;
  /** The exact next command or step; there unless all is well. */
  remedy?: string;
  details?: Record<string, unknown>;
}

/** What `doctor` found. */
export interface DoctorReport {
  checks: DoctorCheck[];
  summary: Record<FindingStatus, number>;
}

/** At least one check failed: `up` would not work. */
class DoctorFailedError extends KServeEnvError {
  constructor(failures: { check: DoctorCheck; exitCode: ExitCode }[]) {
    const [first] = failures;
    const titles = failures.map(({ check }) => check.title).join(', ');
    super('DOCTOR_FAILED', first?.exitCode ?? ExitCode.usage, `kserve-env up would not work: ${titles}`, {
      ...(first?.check.remedy !== undefined && { hint: first.check.remedy }),
      details: { failed: failures.map(({ check }) => check.id) },
    });
  }
}

/** No check may take longer, in milliseconds: less than what a call to an engine may, which would be a failure. */
const boundMs = 9_000;

/** Runs all checks at once. A failure carries the exit code of the first failed check, in the order in which they are told. */
export async function doctor(options: CommonOptions, context: CommandContext): Promise<CommandResult<DoctorReport>> {
  const bound = AbortSignal.timeout(boundMs);
  const signal = AbortSignal.any([context.signal, bound]);
  // Every check listens to it.
  setMaxListeners(0, signal);
  await using scene = openScene(options.flags ?? {}, { ...context, signal });
  const findings = await Promise.all(checks.map((check) => withinBound(check, scene, signal)));
  context.signal.throwIfAborted();
  const report = checks.map(({ id, title }, index) => ({ id, title, finding: findings[index] as Finding }));
  const told = report.map(({ id, title, finding }) => ({ check: checkOf(id, title, finding), finding }));
  const failures = told.flatMap(({ check, finding: { status, exitCode } }) =>
    status === 'failed' ? [{ check, exitCode: exitCode ?? ExitCode.usage }] : [],
  );
  const data = { checks: told.map(({ check }) => check), summary: count(findings) };
  return { data, warnings: [], ...(failures.length > 0 && { failure: new DoctorFailedError(failures) }) };
}

function checkOf(id: string, title: string, { exitCode: _, ...finding }: Finding): DoctorCheck {
  return { id, title, ...finding };
}

function count(findings: Finding[]): Record<FindingStatus, number> {
  const summary = { passed: 0, warned: 0, failed: 0, skipped: 0 };
  for (const { status } of findings) summary[status] += 1;
  return summary;
}

/** What does not settle by itself is given up with the signal; the others are told all the same. */
async function withinBound(check: CheckDefinition, scene: Scene, signal: AbortSignal): Promise<Finding> {
  const late = () =>
    warned(`no answer within ${boundMs / 1000} s`, 'kserve-env doctor --verbose, once the machine is less busy');
  let onAbort = () => {};
  const givenUp = new Promise<Finding>((resolve) => {
    onAbort = () => resolve(late());
    signal.addEventListener('abort', onAbort, { once: true });
  });
  const look = lookWith(check, scene).catch((error: unknown) => {
    if (signal.aborted) return late();
    throw error;
  });
  try {
    return await Promise.race([look, givenUp]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
