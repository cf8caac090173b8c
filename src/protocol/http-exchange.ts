/** One HTTP/1.1 request and its answer, as bytes: what the REST client is made of, and what checks send that no client would. */
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { CallOptions } from './client.js';
import { type ConnectionSettings, nodeTlsOptions } from './connection.js';
import { settledCall } from './settled-call.js';
import { oipError } from './status.js';

/** A request; `path` begins with `/` and comes after the base URL's own. */
export interface HttpRequest {
  method: string;
  path: string;
  headers?: Readonly<Record<string, string>>;
  body?: Uint8Array;
}

/** Any answer, whatever its status. */
export interface HttpAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

/** Where requests go. Dispose it: it keeps connections. */
export interface HttpSender extends AsyncDisposable {
  /**
   * Resolves to any answer. Throws OipError: UNAVAILABLE where there is none, DEADLINE_EXCEEDED, CANCELLED.
   */
  send(request: HttpRequest, options?: CallOptions): Promise<HttpAnswer>;
}

export interface HttpSenderOptions extends ConnectionSettings {
  /** `http://host:port` or `https://host:port`, optionally with a path. */
  baseUrl: string;
}

/** A sender to the server at `baseUrl`; https is TLS with Node's defaults unless `tls` says otherwise. Throws TypeError for another URL. */
export function createHttpSender({ baseUrl, tls, headers: always }: HttpSenderOptions): HttpSender {
  const base = new URL(baseUrl);
  const secure = base.protocol === 'https:';
  if (!secure && base.protocol !== 'http:') throw new TypeError(`${baseUrl} is no http or https URL`);
  const prefix = base.pathname.replace(/\/+$/, '');
  const host = base.hostname.replace(/^\[|\]$/g, '');
  const agent = secure ? new HttpsAgent({ keepAlive: true, ...nodeTlsOptions(tls) }) : new Agent({ keepAlive: true });
  return {
    send: ({ method, path, headers, body }, options = {}) => {
      const label = `${method} ${path}`;
      return settledCall(label, options, ({ resolve, reject }) => {
        const request = (secure ? httpsRequest : httpRequest)({
          agent,
          host,
          port: base.port || (secure ? 443 : 80),
          method,
          path: prefix + path,
          headers: { ...always, ...headers, ...(body && { 'content-length': String(body.byteLength) }) },
        });
        const fail = (error: Error): void =>
          reject(oipError('UNREACHABLE', `${label}: ${error.message || String(error)}`, { cause: error }));
        request.on('error', fail);
        request.on('response', (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', fail);
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
          );
        });
        request.end(body);
        return (why) => request.destroy(why);
      });
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
    },
  };
}
