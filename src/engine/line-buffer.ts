/** Makes lines of bytes that come in pieces. */

const newline = 0x0a;
/** A line without an end is cut here, so that a server gone mad does not fill our memory. */
const longestLine = 1024 * 1024;

/** Collects bytes and gives back whole lines: a newline byte never is part of a longer UTF-8 character. */
export class LineBuffer {
  private pieces: Buffer[] = [];
  private size = 0;

  /** The lines that these bytes complete, without their ends. The bytes are kept, not copied. */
  push(bytes: Buffer): string[] {
    const lines: string[] = [];
    let rest = bytes;
    for (let end = rest.indexOf(newline); end !== -1; end = rest.indexOf(newline)) {
      this.keep(rest.subarray(0, end));
      lines.push(this.take());
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) this.keep(rest);
    if (this.size > longestLine) lines.push(this.take());
    return lines;
  }

  /** What stands after the last newline, if anything. */
  rest(): string | undefined {
    return this.size > 0 ? this.take() : undefined;
  }

  private keep(piece: Buffer): void {
    this.pieces.push(piece);
    this.size += piece.length;
  }

  private take(): string {
    const line = Buffer.concat(this.pieces).toString('utf8');
    this.pieces = [];
    this.size = 0;
    return line.endsWith('\r') ? line.slice(0, -1) : line;
  }
}
