/** Words of commands that are shown to people, as a POSIX shell reads them. */

/** The word in single quotes, unless it needs none. */
export function quotedWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
