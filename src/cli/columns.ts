/** Columns of a table of text: cells of one width. */

/** Cells with their text to the left. */
export function leftColumn(cells: readonly string[]): string[] {
  const width = Math.max(...cells.map((cell) => cell.length));
  return cells.map((cell) => cell.padEnd(width));
}

/** Cells with their text to the right, as numbers have it. */
export function rightColumn(cells: readonly string[]): string[] {
  const width = Math.max(...cells.map((cell) => cell.length));
  return cells.map((cell) => cell.padStart(width));
}

/** Lines of rows whose cells stand under each other, two spaces apart. All rows have as many as the first. */
export function alignedRows(rows: readonly string[][]): string[] {
  const columns = (rows[0] ?? []).map((_, column) => leftColumn(rows.map((row) => row[column] ?? '')));
  return rows.map((_, row) =>
    columns
      .map((cells) => cells[row])
      .join('  ')
      .trimEnd(),
  );
}

/** Lines of columns beside each other, two spaces apart and indented. At least the first column is there. */
export function linesOf(columns: readonly string[][], room: number): string[] {
  const fitting = columns.filter((_, index) => index === 0 || widthOf(columns.slice(0, index + 1)) <= room);
  return (columns[0] ?? []).map((_, row) => `  ${fitting.map((cells) => cells[row]).join('  ')}`.trimEnd());
}

function widthOf(columns: readonly string[][]): number {
  return columns.reduce((sum, [first = '']) => sum + 2 + first.length, 0);
}
