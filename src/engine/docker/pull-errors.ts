/** What a daemon says when a pull fails, sorted by what can be done about it. Pure. */
import { ImageError } from '../image-store.js';
import type { Daemon } from './call.js';

const sorts = [
  { code: 'IMAGE_RATE_LIMITED', words: /toomanyrequests|too many requests|rate limit|\b429\b/i },
  {
    code: 'IMAGE_UNAUTHORIZED',
    words:
      /unauthorized|no basic auth credentials|authentication required|denied|incorrect username|forbidden|\b40[13]\b/i,
  },
  {
    code: 'IMAGE_NOT_FOUND',
    words: /manifest unknown|not found|does not exist|no such image|name unknown|no matching manifest|\b404\b/i,
  },
] as const;

/** Of these a second attempt may be luckier. */
const passing =
  /connection (refused|reset)|connect: |i\/o timeout|timeout|deadline exceeded|no such host|server misbehaving|\bEOF\b|broken pipe|closed (idle|network) connection|unreachable|\b50[0234]\b|try again/i;

/**
 * The error for a pull that failed with these words of the daemon. Docker says the same thing with different statuses
 * (an absent tag is a 404, a missing login a 500), and Podman says all within the stream, so the words decide.
 */
export function pullError(
  reference: string,
  words: string,
  { kind, cause }: { kind: Daemon['kind']; cause?: unknown },
): ImageError {
  const code = sorts.find((sort) => sort.words.test(words))?.code ?? 'IMAGE_PULL_FAILED';
  const retryable = code === 'IMAGE_RATE_LIMITED' || (code === 'IMAGE_PULL_FAILED' && passing.test(words));
  return new ImageError(code, `${reference} could not be pulled: ${words}`, {
    hint: hints[code](loginTo(reference, kind)),
    retryable,
    cause,
    details: { reference },
  });
}

const hints: Record<(typeof sorts)[number]['code'] | 'IMAGE_PULL_FAILED', (login: string) => string> = {
  IMAGE_RATE_LIMITED: (login) => `${login}, which has a limit of its own, or wait and try again`,
  IMAGE_UNAUTHORIZED: (login) => `${login}, and see that the name is right`,
  IMAGE_NOT_FOUND: () => 'correct image.reference (or image.base), and see that the registry has it for this platform',
  IMAGE_PULL_FAILED: () =>
    'see whether the registry can be reached from where the daemon runs, or set image.pullPolicy to never',
};

/** Docker Hub is meant where no registry is named; `podman login` wants to hear it all the same. */
function loginTo(reference: string, kind: Daemon['kind']): string {
  const [first = '', ...rest] = reference.split('/');
  const isNamed = rest.length > 0 && /[.:]|^localhost$/.test(first);
  const registry = isNamed ? first : kind === 'podman' ? 'docker.io' : '';
  return `${kind} login ${registry}`.trim();
}
