/** Text of others made harmless: without what moves a cursor or turns the direction of reading. */

/** Directions of writing, which can turn what is read around (https://trojansource.codes). */
const bidirectional = /[\u202A-\u202E\u2066-\u2069]/g;

/** One line without what moves the cursor. Details and messages carry words of servers and daemons. */
export function oneLine(text: string): string {
  return text.replace(bidirectional, '').replace(/\p{Cc}+/gu, ' ');
}

/** The same lines, with control characters as their code: `\u001b`. */
export function printable(text: string): string {
  const escaped = (char: string) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return text.replace(bidirectional, escaped).replace(/[^\P{Cc}\n\t]/gu, escaped);
}
