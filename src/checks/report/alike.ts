/** Puts cases together that say the same, so that one broken thing is told once and not a hundred times. */
import type { CaseResult } from '../case.js';

/** Cases with one verdict for one reason; the first stands for all. */
export interface Alike {
  first: CaseResult;
  /** The others, in the order in which they ran. */
  others: CaseResult[];
}

/** Groups in the order of their first cases. Cases of two suites are never alike. */
export function alikeCases(cases: readonly CaseResult[]): Alike[] {
  const groups = new Map<string, Alike>();
  for (const one of cases) {
    const key = JSON.stringify([one.suite, one.status, shapeOf(one)]);
    const group = groups.get(key);
    if (group) group.others.push(one);
    else groups.set(key, { first: one, others: [] });
  }
  return [...groups.values()];
}

/** A case without a message is like none. */
function shapeOf({ id, message, model }: CaseResult): string {
  return message === undefined || message === '' ? id : messageShape(message, model);
}

/** The message without what differs from model to model and value to value. */
export function messageShape(message: string, model: string | undefined): string {
  const withoutModel = model ? message.replaceAll(model, '*') : message;
  return withoutModel
    .replace(/"(?:[^"\\]|\\.)*"/g, '"*"')
    .replace(/\b(?:FP|BF|U?INT)\d+\b|\b(?:BYTES|BOOL)\b/g, 'T')
    .replace(/\b(?:gRPC|REST|typed|raw|JSON|binary)\b/gi, 'R')
    .replace(/\[[^\]]*\]/g, '[*]')
    .replace(/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|\bNaN\b|-?Infinity\b/gi, '#')
    .replace(/#(?:[\s,]+#)+/g, '#');
}
