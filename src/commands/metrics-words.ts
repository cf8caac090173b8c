/** Rules of `metrics` from words on the command line. */
import { UsageError } from '../errors.js';
import type { Grouping, MetricsRule, Mode } from '../metrics/rules.js';
import { parametersOfWords } from './parameter-words.js';

/** What says which metrics go where. Version, parameters, pattern and mode are those of every rule. */
export interface RuleWords {
  /** With `metrics` the short form of one rule. */
  model?: string;
  metrics?: string[];
  /** `model=metric[,metric…]`, one a rule. */
  rules?: string[];
  modelVersion?: string;
  /** `name=value`; true, false and numbers are sent as such. */
  parameters?: string[];
  outputPattern?: string;
  /** `latest`, `all`, `window` or `window:N`. Default: latest, or window where there is a size. */
  mode?: string;
  /** Points of a window. */
  window?: number;
  /** What one inference is made of. */
  per?: Grouping;
}

/** @throws UsageError for words that make no rule, and where there are none */
export function rulesOfWords(words: RuleWords): MetricsRule[] {
  const { model, metrics = [], rules = [], modelVersion, outputPattern, per } = words;
  const asked = [...shortForm(model, metrics), ...rules.map(ruleOfWord)];
  if (asked.length === 0) {
    throw new UsageError('There is no rule: nothing says which metric goes into which model', {
      hint: 'for example --model simple_scaler --metric system.cpu.utilization',
    });
  }
  const common = {
    mode: modeOfWords(words),
    parameters: parametersOfWords(words.parameters ?? []),
    ...(modelVersion !== undefined && { modelVersion }),
    ...(outputPattern !== undefined && { outputPattern }),
    ...(per !== undefined && { per }),
  };
  return asked.map((rule) => ({ ...rule, ...common }));
}

type ModelAndMetrics = Pick<MetricsRule, 'model' | 'metrics'>;

function shortForm(model: string | undefined, metrics: string[]): ModelAndMetrics[] {
  if (model !== undefined && metrics.length > 0) return [{ model, metrics }];
  if (model !== undefined)
    throw new UsageError(`--model ${model} has no --metric`, { hint: 'give one for each input' });
  if (metrics.length > 0) throw new UsageError(`--metric ${metrics[0]} has no --model`);
  return [];
}

function ruleOfWord(word: string): ModelAndMetrics {
  const [, model, list] = /^([^=]+)=(.+)$/s.exec(word) ?? [];
  const metrics = list?.split(',') ?? [];
  if (model !== undefined && metrics.length > 0 && !metrics.includes('')) return { model, metrics };
  throw new UsageError(`--rule: expected model=metric[,metric...], got ${JSON.stringify(word)}`, {
    hint: 'for example --rule simple_sum=a.b,a.c',
  });
}

function modeOfWords({ mode, window }: RuleWords): Mode {
  if (mode === undefined || mode === 'window') {
    if (window !== undefined) return { kind: 'window', size: window };
    if (mode === undefined) return { kind: 'latest' };
    throw new UsageError('--mode window needs a size', { hint: '--mode window:5, or --window 5' });
  }
  const size = Number(/^window:([1-9]\d{0,8})$/.exec(mode)?.[1] ?? window);
  if (mode.startsWith('window:') && (window === undefined || window === size)) {
    if (Number.isInteger(size)) return { kind: 'window', size };
  } else if (window !== undefined) {
    throw new UsageError(`--window ${window} and --mode ${mode} exclude each other`);
  } else if (mode === 'latest' || mode === 'all') return { kind: mode };
  throw new UsageError(`--mode: expected latest, window:N or all, got ${JSON.stringify(mode)}`);
}
