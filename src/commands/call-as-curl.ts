/** An inference over REST as a command line of curl. Pure. */
import { modelPath } from '../protocol/rest-client.js';
import { encodeRestRequest, headerLengthHeader } from '../protocol/rest-messages.js';
import type { InferRequest } from '../protocol/tensor.js';
import { type CallPlace, hasProxy, headerWords, needsPipe, type ShellWord, shellLine } from './call-as-shell.js';
import { restAddressOf } from './endpoint-words.js';

/**
 * The same request as the REST client's, for a POSIX shell; binary data comes to curl by `base64 -d`.
 * @throws OipError for elements that JSON cannot carry
 */
export function curlCommand(request: InferRequest, place: CallPlace): string {
  const { address, options, env, timeoutMs } = place;
  const { baseUrl, host, port, tls } = restAddressOf(address.http ?? '');
  const { body, headerLength } = encodeRestRequest(request);
  const { serverName } = options;
  // The name that the certificate is for stands in the URL, and the connection goes where it did.
  const named = tls && serverName !== undefined;
  const base = named ? `https://${serverName}:${port}${new URL(baseUrl).pathname.replace(/\/+$/, '')}` : baseUrl;
  const url = `${base}${modelPath(request.modelName, request.modelVersion)}/infer`;
  const bracketed = host.includes(':') ? `[${host}]` : host;
  const binary = headerLength !== undefined;
  const text = binary ? '' : body.toString('utf8');
  const piped = binary || needsPipe(text);
  const words: ShellWord[] = [
    ...['curl', '-sS'],
    ...(hasProxy(env) ? ['--noproxy', '*'] : []),
    ...(timeoutMs === undefined ? [] : ['--max-time', String(timeoutMs / 1000)]),
    ...(tls ? tlsWords(options) : []),
    ...(named ? ['--connect-to', `${serverName}:${port}:${bracketed}:${port}`] : []),
    // Brackets are patterns to curl, and two dots a way up.
    ...(/[[\]{}]/.test(url) ? ['--globoff'] : []),
    ...(/\/%2E/i.test(url) ? ['--path-as-is'] : []),
    ...['-H', `content-type: ${binary ? 'application/octet-stream' : 'application/json'}`],
    ...(binary ? ['-H', `${headerLengthHeader}: ${headerLength}`] : []),
    ...headerWords(address, ';'),
    ...['--data-binary', piped ? '@-' : text],
    // The answer is binary, too, which curl asks about on a terminal.
    ...(binary ? ['--output', '-'] : []),
    url,
  ];
  const line = shellLine(words);
  if (binary) return `${shellLine(['printf', '%s', body.toString('base64')])} | base64 -d | ${line}`;
  return piped ? `${shellLine(['printf', '%s', text])} | ${line}` : line;
}

function tlsWords({ cacert, cert, key, insecure }: CallPlace['options']): ShellWord[] {
  return [
    ...(cacert === undefined ? [] : ['--cacert', cacert]),
    ...(cert === undefined ? [] : ['--cert', cert]),
    ...(key === undefined ? [] : ['--key', key]),
    ...(insecure ? ['--insecure'] : []),
  ];
}
