/** Keeps what lets somebody in out of reports: a server may well answer with the token that it was sent. */
import type { CaseResult } from '../checks/case.js';

/** The same result, with stars in place of each secret. */
export function withoutSecrets(result: CaseResult, secrets: readonly string[]): CaseResult {
  const shown = (text: string) =>
    secrets.filter((secret) => secret !== '').reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  const { message, exchanges } = result;
  return {
    ...result,
    ...(message !== undefined && { message: shown(message) }),
    ...(exchanges && {
      exchanges: exchanges.map((one) => ({
        ...one,
        call: shown(one.call),
        request: one.request.map(shown),
        answer: one.answer.map(shown),
      })),
    }),
  };
}
