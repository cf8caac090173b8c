/** Puts cases together that say the same, so that one broken thing is told once and not a hundred times. */
import type { CaseResult } from '../case.js';

/** Cases, or rows of them, that say one thing; the first stands for all. */
export interface Alike<One = CaseResult> {
  first: One;
  /** The others, in the order in which they ran. */
  others: One[];
}

/** Cases with one verdict for one reason, in the order of their first ones. Cases of two suites are never alike. */
export function alikeCases(cases: readonly CaseResult[]): Alike[] {
  return groupsOf(cases, (one) => [one.suite, one.status, shapeOf(one)]);
}

/** Groups of what has the same key, in the order of their first ones. */
export function groupsOf<One>(all: readonly One[], keyOf: (one: One) => readonly unknown[]): Alike<One>[] {
  const groups = new Map<string, Alike<One>>();
  for (const one of all) {
    const key = JSON.stringify(keyOf(one));
    const group = groups.get(key);
    if (group) group.others.push(one);
    else groups.set(key, { first: one, others: [] });
  }
  return [...groups.values()];
}

/** How many there are in all of the groups. */
export function countOf(groups: readonly Alike[]): number {
  return groups.reduce((sum, { others }) => sum + 1 + others.length, 0);
}

/** ` (and 37 more like it)`, to stand behind what the first says; nothing where it is alone. */
export function moreLike(others: readonly CaseResult[]): string {
  return others.length === 0 ? '' : ` (and ${others.length} more like it)`;
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
