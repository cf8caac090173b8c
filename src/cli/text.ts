/** How wide a text is on a terminal, and what of it fits a row. */

/** Columns that a text takes: two for what East Asian fonts and emoji make wide, none for what is put on another. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += widthOfChar(char);
  return width;
}

/** The text if it fits, else as much of it as does with the mark at its end. */
export function cutTo(columns: number, text: string, mark: string): string {
  if (widthOf(text) <= columns) return text;
  const room = columns - widthOf(mark);
  let width = 0;
  let kept = '';
  for (const char of text) {
    width += widthOfChar(char);
    if (width > room) break;
    kept += char;
  }
  return room < 0 ? '' : kept + mark;
}

/** Unicode's East Asian Width (UAX 11) in its large blocks; what it misses, a terminal cuts. */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uA960-\uA97F\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u;

function widthOfChar(char: string): number {
  if (char < '\u0300') return 1;
  if (/[\p{Mn}\p{Me}\p{Cf}]/u.test(char)) return 0;
  return wide.test(char) ? 2 : 1;
}
