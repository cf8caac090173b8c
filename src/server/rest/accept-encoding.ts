/** Which coding an answer may have, by the request's Accept-Encoding (RFC 9110, section 12.5.3). */
import { promisify } from 'node:util';
import { constants, deflate, gzip } from 'node:zlib';
import { OipError, quoteName } from '../../protocol/status.js';

export type Coding = 'gzip' | 'deflate';

export interface AcceptedCodings {
  /** The compression that the client likes best; undefined where it wants none. */
  coding: Coding | undefined;
  /** Whether the answer may be sent as it is. */
  identity: boolean;
}

/** Bytes from which an answer is worth compressing. */
export const compressedFromBytes = 1024;

const asItIs: AcceptedCodings = { coding: undefined, identity: true };

/** What a header accepts. Throws with HTTP status 406 where the client takes neither compression nor plain bytes. */
export function acceptedCodings(header: string | undefined): AcceptedCodings {
  if (header === undefined || header === 'identity') return asItIs;
  const weights = new Map<string, number>();
  for (const element of header.toLowerCase().split(',')) {
    const [name = '', ...parameters] = element.split(';').map((part) => part.trim());
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, weightOf(parameters));
  }
  const any = weights.get('*');
  const gzipWeight = weights.get('gzip') ?? any ?? 0;
  const deflateWeight = weights.get('deflate') ?? any ?? 0;
  const best = Math.max(gzipWeight, deflateWeight);
  const plain = weights.get('identity');
  const identity = plain === undefined ? any !== 0 : plain > 0;
  if (best > 0 && best >= (plain ?? 0)) return { coding: gzipWeight === best ? 'gzip' : 'deflate', identity };
  if (identity) return asItIs;
  throw new OipError(
    'INVALID_ARGUMENT',
    406,
    `Accept-Encoding is ${quoteName(header)}; expected gzip, deflate or identity to be accepted`,
  );
}

/** The weight in the parameters of an element: 1 unless it says `q=`; what is no weight is 0. */
function weightOf(parameters: readonly string[]): number {
  const weight = parameters.find((parameter) => /^q\s*=/.test(parameter));
  if (weight === undefined) return 1;
  const text = weight.replace(/^q\s*=\s*/, '');
  return /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 0;
}

const compressors = { gzip: promisify(gzip), deflate: promisify(deflate) };

/** `body` in a coding: quickly, since most answers stay on one machine. */
export function compress(coding: Coding, body: Buffer): Promise<Buffer> {
  return compressors[coding](body, { level: constants.Z_BEST_SPEED });
}
