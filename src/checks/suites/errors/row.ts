/** What a row of the table of bad input is: how it is sent, and what has to come of it. */
import type { GrpcStatus } from '../../../protocol/status.js';
import { type Route, routeName, type ServerProfile } from '../../profile.js';
import type { KnownAnswers } from '../../verdict.js';
import { type Attempt, attemptOn, type SentRequest, type SentTensor } from './sent-request.js';
import { anyModel, type Choose, type Target } from './targets.js';

/** What our server is documented to answer (docs/bad-input.md); of several, the first is the usual one. */
export interface Documented {
  /** `HTTP 415` is what gRPC has for what is no gRPC. */
  grpc: GrpcAnswer | readonly [GrpcAnswer, ...GrpcAnswer[]];
  http: number | readonly [number, ...number[]];
}

type GrpcAnswer = GrpcStatus | 'HTTP 415';

export interface Row {
  /** Part of the case's id. */
  id: string;
  title: string;
  spec: string;
  why: string;
  documented: Documented;
  /** Where known servers answer otherwise. */
  known: { grpc: KnownAnswers; rest: KnownAnswers };
  /**
   * What an answer without an error is. broken: it must be refused. lax: known servers accept it, and no value that they
   * give back is wrong by it. legal: it should be accepted, and a refusal is what is unusual. limit: whether it must be
   * refused depends on limits, which are known of our server alone.
   */
  accepted: 'broken' | 'lax' | 'legal' | 'limit';
  /** Only our server is documented to answer so. */
  oursOnly: boolean;
  /** Models that it is sent to; a case for each. */
  targets: (server: ServerProfile) => Target[];
  /** Ids and titles name the model, since there may be several. */
  perModel: boolean;
  /** What is sent on a route; undefined where there is no such thing. */
  attempt: (target: Target, route: Route, server: ServerProfile) => Attempt | undefined;
  /** A header that the refusal must have: RFC 9110 asks for `allow` with 405. */
  header?: { name: string; value: RegExp; words: string };
}

/** A row as its author writes it: INVALID_ARGUMENT, 400, and broken where it is accepted, unless said otherwise. */
export type RowSource = Pick<Row, 'id' | 'title' | 'attempt'> &
  Partial<Pick<Row, 'accepted' | 'oursOnly' | 'header'>> & {
    documented?: Partial<Documented>;
    known?: { grpc?: KnownAnswers; rest?: KnownAnswers };
    target?: Choose;
    targets?: Row['targets'];
  };

/** What the rows of one family have in common. */
export interface Family {
  spec: string;
  why: string;
}

/** Rows that share what is said of them. */
export function rowsOf({ spec, why }: Family, sources: readonly RowSource[]): Row[] {
  return sources.map(({ documented, known, target = anyModel, targets, ...source }): Row => {
    return {
      accepted: 'broken',
      oursOnly: false,
      ...source,
      spec,
      why,
      documented: { grpc: 'INVALID_ARGUMENT', http: 400, ...documented },
      known: { grpc: {}, rest: {}, ...known },
      perModel: targets !== undefined,
      targets:
        targets ??
        ((server) => {
          const one = target(server);
          return one ? [one] : [];
        }),
    };
  });
}

/** The same change on every route that it can travel on. */
export function changed(
  change: (target: Target) => SentRequest | undefined,
  ...among: readonly RouteName[]
): Row['attempt'] {
  return (target, route) => {
    if (among.length > 0 && !isOneOf(route, among)) return undefined;
    const request = change(target);
    if (!request?.inputs.every((input) => fits(input, route))) return undefined;
    return attemptOn(route, request);
  };
}

/** What routeName() gives. */
type RouteName = 'grpc-typed' | 'grpc-raw' | 'rest-json' | 'rest-binary';

function isOneOf(route: Route, names: readonly string[]): boolean {
  return names.includes(routeName(route));
}

function fits({ contents, data, raw }: SentTensor, { transport, form }: Route): boolean {
  if (form === 'raw') return raw !== undefined;
  return (transport === 'grpc' ? contents : data) !== undefined;
}

/** The request with another first input. */
export function firstInput({ request }: Target, change: Partial<SentTensor>): SentRequest {
  const [first, ...others] = request.inputs;
  return { ...request, inputs: [{ ...(first as SentTensor), ...change }, ...others] };
}

/** An attempt on one route alone. */
export function only(
  name: RouteName,
  attempt: (target: Target, server: ServerProfile) => Attempt | undefined,
): Row['attempt'] {
  return (target, route, server) => (isOneOf(route, [name]) ? attempt(target, server) : undefined);
}

/** The attempts of some routes. */
export function either(...attempts: readonly Row['attempt'][]): Row['attempt'] {
  return (target, route, server) => {
    for (const attempt of attempts) {
      const found = attempt(target, route, server);
      if (found) return found;
    }
    return undefined;
  };
}
