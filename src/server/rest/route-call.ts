/** What the routes have in common: a request on its way through one, and what takes it. */
import type { IncomingHttpHeaders } from 'node:http';
import type { CallPlan } from '../faults/call-plan.js';
import type { RequestFields } from '../telemetry/request-counts.js';
import type { Answer } from './answer.js';

/** A request on its way through a route. */
export interface RouteCall {
  readonly headers: IncomingHttpHeaders;
  /** Of the path; empty where it names none. */
  readonly model: string;
  readonly version: string;
  /** What the faults that strike it come to; undefined where none does. */
  readonly plan?: CallPlan;
  /** What its log line says; a route adds what it learns. */
  readonly fields: RequestFields;
  /** The whole body, decompressed; throws as readBody does. */
  body(): Promise<Buffer>;
}

/** Throws OipError for whatever cannot be answered. */
export type Handler = (call: RouteCall) => Answer | Promise<Answer>;
