/** Builds HTML in which every text is escaped, unless it was built here. */
import { printable } from '../../plain-text.js';

/** HTML that may stand as it is. */
export interface Markup {
  markup: string;
}

/** Texts and numbers are escaped; lists stand one after another. */
export type Content = string | number | Markup | readonly Content[];

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Tag of a template; attributes stand in double quotes. What is not ASCII is put in as a value: in the template itself it
 * would stay as it is in the bundle, which is read byte by byte (src/cli/code-cache.ts).
 */
export function html(strings: TemplateStringsArray, ...values: Content[]): Markup {
  return { markup: String.raw({ raw: strings }, ...values.map(markupOf)) };
}

/** Nothing. */
export const empty: Markup = { markup: '' };

function markupOf(content: Content): string {
  if (typeof content === 'number') return String(content);
  if (typeof content === 'string') return printable(content).replace(/[&<>"']/g, (char) => entities[char] ?? '');
  if ('markup' in content) return content.markup;
  return content.map(markupOf).join('');
}
