/** Which requests are let in: by token, origin and host; and what browsers must be told of pages that are allowed. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { headerLengthHeader } from '../../protocol/rest-messages.js';
import { oipError, quoteName } from '../../protocol/status.js';
import type { Access } from '../access.js';
import { type Answer, errorAnswer } from './answer.js';
import { matchRoute } from './routes.js';

/** Seconds that a browser may rely on the answer to a preflight. */
const preflightSeconds = 600;

/**
 * The answer to a request that goes no further: a refusal, or what a browser asks before it sends a page's request. Puts
 * the headers of CORS into the answer of one that does.
 */
export type Admit = (request: IncomingMessage, response: ServerResponse) => Answer | undefined;

export function createAdmission(access: Access): Admit {
  return (request, response) => {
    const { method = '', url = '', headers } = request;
    const { origin } = headers;
    if (origin !== undefined) {
      const answer = admitOrigin(access, origin, request, response);
      if (answer) return answer;
    }
    if (access.needsToken && !isLiveness(method, url)) {
      const refusal = access.refuseToken(headers.authorization);
      if (refusal) return errorAnswer(refusal, { 'www-authenticate': 'Bearer realm="kserve-env"' });
    }
    // Nearly every request: it changes nothing.
    if (headers.host === undefined || !url.includes('/repository/') || access.isOurHost(headers.host)) return undefined;
    const match = matchRoute(method, url);
    if (match.kind !== 'route' || !changing.has(match.name)) return undefined;
    const message = `host ${quoteName(headers.host)} may not change models: allowedHosts of the server does not name it`;
    return errorAnswer(oipError('FORBIDDEN', message));
  };
}

const changing: ReadonlySet<string> = new Set(['RepositoryModelLoad', 'RepositoryModelUnload']);

function isLiveness(method: string, url: string): boolean {
  const match = matchRoute(method, url);
  return match.kind === 'route' && match.name === 'ServerLive';
}

function admitOrigin(
  access: Access,
  origin: string,
  { method, headers }: IncomingMessage,
  response: ServerResponse,
): Answer | undefined {
  const refusal = access.refuseOrigin(origin);
  // The answer to these tells a browser nothing that it would show to a page.
  if (refusal) return method === 'GET' || method === 'HEAD' ? undefined : errorAnswer(refusal);
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('vary', 'Origin');
  response.setHeader('access-control-expose-headers', headerLengthHeader);
  if (method !== 'OPTIONS' || headers['access-control-request-method'] === undefined) return undefined;
  const asked = headers['access-control-request-headers'];
  return {
    status: 200,
    contentType: 'text/plain',
    body: Buffer.alloc(0),
    headers: {
      'access-control-allow-methods': 'GET, HEAD, POST',
      ...(asked !== undefined && { 'access-control-allow-headers': asked }),
      'access-control-max-age': String(preflightSeconds),
      // From a page of a public address to one of this machine.
      ...(headers['access-control-request-private-network'] === 'true' && {
        'access-control-allow-private-network': 'true',
      }),
    },
  };
}
