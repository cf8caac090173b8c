/** Gathers what the answers add to the document, and what became of each rule. */
import type { OipError } from '../protocol/status.js';
import type { InferResponse } from '../protocol/tensor.js';
import { ErrorList } from './error-list.js';
import type { Group, PreparedRule } from './groups.js';
import type { NewMetric, NewPoint, OtlpDocument, Scope } from './otlp-document.js';
import type { RuleReport } from './report.js';
import { resultsOf } from './results.js';

/** The answer to a group, or why there is none. */
export type GroupOutcome = { group: Group; answer: InferResponse } | { group: Group; error: OipError };

/** A metric that is still growing. */
interface GrowingMetric extends NewMetric {
  points: NewPoint[];
}

export class Additions {
  readonly warnings: string[] = [];
  private readonly added = new Map<Scope, GrowingMetric[]>();
  private readonly taken: Set<string>;

  constructor({ metrics }: OtlpDocument) {
    this.taken = new Set(metrics.map(({ name }) => name));
  }

  /** New metrics by their scopes, in the order of the rules. */
  byScope(): ReadonlyMap<Scope, readonly NewMetric[]> {
    return this.added;
  }

  /** Takes the outcomes of a rule's groups, in their order. */
  add({ rule, groups, errors, leftOut }: PreparedRule, outcomes: readonly GroupOutcome[]): RuleReport {
    const found = new ErrorList();
    for (const error of errors) found.add(error);
    const grown = new Map<Scope, Map<string, GrowingMetric>>();
    let [inferences, newPoints, version] = [0, 0, ''];
    for (const outcome of outcomes) {
      if ('error' in outcome) {
        const { status, message } = outcome.error;
        found.add({ kind: 'refused', status, message: `${status}: ${message}`, count: 1, cause: outcome.error });
        continue;
      }
      inferences++;
      const answered = resultsOf(rule, outcome.group, outcome.answer);
      version ||= answered.version;
      for (const message of answered.unusable) found.add({ kind: 'unusable-output', status: null, message, count: 1 });
      for (const { scope, name, point } of answered.results)
        this.grow(grown, rule.model, scope, name).points.push(point);
      newPoints += answered.results.length;
    }
    const names = this.take(grown, rule.model);
    const newMetrics = [...grown.values()].reduce((sum, { size }) => sum + size, 0);
    const { model, metrics } = rule;
    return {
      model,
      modelVersion: version || null,
      metrics,
      groups: groups.length + errors.filter(({ kind }) => kind === 'inexact-value').length,
      inferences,
      newMetrics,
      newPoints,
      names,
      errors: found.list,
      leftOut,
    };
  }

  private grow(
    grown: Map<Scope, Map<string, GrowingMetric>>,
    model: string,
    scope: Scope,
    name: string,
  ): GrowingMetric {
    let ofScope = grown.get(scope);
    if (ofScope === undefined) {
      ofScope = new Map();
      grown.set(scope, ofScope);
    }
    let metric = ofScope.get(name);
    if (metric === undefined) {
      metric = { name, description: `Inference result of model ${model}`, points: [] };
      ofScope.set(name, metric);
      const all = this.added.get(scope);
      if (all) all.push(metric);
      else this.added.set(scope, [metric]);
    }
    return metric;
  }

  /** The names of a rule's new metrics. Two metrics of a name are told apart by nobody, so that is worth a warning. */
  private take(grown: ReadonlyMap<Scope, ReadonlyMap<string, NewMetric>>, model: string): string[] {
    const names = [...new Set([...grown.values()].flatMap((ofScope) => [...ofScope.keys()]))];
    for (const name of names.filter((candidate) => this.taken.has(candidate))) {
      this.warnings.push(
        `There is a metric ${name} besides that of model ${model}; --output-pattern gives another name`,
      );
    }
    for (const name of names) this.taken.add(name);
    return names;
  }
}
