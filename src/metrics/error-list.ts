/** Errors of a rule, equal ones counted. */
import type { RuleError } from './report.js';

export class ErrorList {
  /** In the order in which they came. */
  readonly list: RuleError[] = [];
  private readonly byMessage = new Map<string, RuleError>();

  /** Adds as many as the error counts. */
  add(error: RuleError): void {
    const before = this.byMessage.get(error.message);
    if (before) before.count += error.count;
    else {
      const first = { ...error };
      this.byMessage.set(error.message, first);
      this.list.push(first);
    }
  }
}
