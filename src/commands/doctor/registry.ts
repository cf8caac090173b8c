/** The check of the registry that an image, or the base of one, would be pulled from. */
import { ImageError, type ImageStore } from '../../engine/image-store.js';
import { serverBundlePath } from '../../engine/process/server-bundle.js';
import { ExitCode } from '../../errors.js';
import { planBuild } from '../../image/build-image.js';
import { parseReference } from '../../image/reference.js';
import { findAuth } from '../../image/registry-auth.js';
import type { ImageDecision, ImageWish } from '../../image/source.js';
import { packageVersion, templatePath } from '../package-info.js';
import { type Finding, failed, failedWith, passed, skipped, warned } from './finding.js';
import type { FoundDaemon, Scene } from './scene.js';

/** What the daemon has, and what the registry said. */
export interface RegistryFacts {
  /** As the engine knows the image. */
  name: string;
  policy: ImageWish['pullPolicy'];
  /** The engine has what `up` needs without any registry. */
  isThere: boolean;
  /** What the registry has; undefined where the engine cannot ask it. */
  digest?: string | undefined;
  /** Why it cannot be had. */
  problem?: unknown;
  hasLogin: boolean;
  /** What is wrong with files of logins, and with credential helpers. */
  warnings: string[];
}

/** @throws what is no ImageError: a bug, or an engine that went away */
export function judgeRegistry(facts: RegistryFacts): Finding {
  const { name, policy, isThere, digest, problem, hasLogin, warnings } = facts;
  const login = hasLogin ? 'with a login' : 'without a login';
  const details = { reference: name, pullPolicy: policy, isThere, hasLogin, ...(digest !== undefined && { digest }) };
  if (isThere && policy !== 'always') return passed(`${name} is there already`, details);
  if (policy === 'never') {
    if (isThere) return passed(`${name} is there, and is never pulled`, details);
    const remedy = 'kserve-env image load FILE brings it there, or set image.pullPolicy to missing';
    return failed(`${name} is not there, and image.pullPolicy is never`, remedy, ExitCode.image, details);
  }
  if (problem instanceof ImageError && problem.retryable && isThere) {
    return warned(`${problem.message}; what is there will be used`, problem.hint ?? 'try again', details);
  }
  if (problem !== undefined) {
    const finding = failedWith(problem);
    const why = warnings.length === 0 ? '' : ` (${warnings.join('; ')})`;
    return { ...finding, found: `${finding.found}, ${login}${why}`, details: { ...details, ...finding.details } };
  }
  if (digest === undefined) return skipped('this engine cannot ask a registry without pulling');
  if (warnings.length === 0) return passed(`has ${name}, asked ${login}`, details);
  return warned(`has ${name}, asked ${login}; ${warnings.join('; ')}`, 'docker login writes the file anew', details);
}

/** Asks the registry through the daemon, which is who would pull. */
export async function lookAtRegistry(
  { found, kind, wish }: { found: FoundDaemon; kind: ImageDecision['kind']; wish: ImageWish },
  { engines, context: { signal } }: Scene,
): Promise<Finding> {
  const { images } = found.engine;
  const wanted = kind === 'pull' ? wish.reference : kind === 'build' ? wish.base : undefined;
  if (wanted === undefined || images === undefined) return skipped('no image is pulled');
  const reference = parseReference(wanted);
  const { name, repository, tag, digest } = reference;
  const isThere =
    (kind === 'build' && (await isBuilt(images, wish, signal))) || (await images.find(name, signal)) !== undefined;
  const facts = { name, policy: wish.pullPolicy, isThere, hasLogin: false, warnings: [] };
  if (wish.pullPolicy === 'never' || (isThere && wish.pullPolicy === 'missing')) return judgeRegistry(facts);
  const { env, homeDir } = engines;
  const { auth, warnings } = await findAuth(reference, { env, homeDir, engine: found.info.kind, signal });
  const asked = { ...facts, hasLogin: auth !== undefined, warnings };
  try {
    const remote = await images.remote?.({ repository, tag: digest ?? tag ?? 'latest', auth, signal });
    return judgeRegistry({ ...asked, digest: remote });
  } catch (problem) {
    signal.throwIfAborted();
    return judgeRegistry({ ...asked, problem });
  }
}

async function isBuilt(images: ImageStore, { base, platform }: ImageWish, signal: AbortSignal): Promise<boolean> {
  const options = {
    version: packageVersion(),
    bundlePath: serverBundlePath(),
    dockerfilePath: templatePath('Dockerfile'),
  };
  const { tag } = await planBuild({ base, platform, ...options });
  return (await images.find(tag, signal)) !== undefined;
}
