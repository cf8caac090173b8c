/**
 * Walks over JSON text and knows where it is. Each character stands for one byte of the input, so that places in the text
 * are places in the input, and what is copied from it is the same bytes whatever they are.
 */
import { OtlpInputError } from '../input-error.js';

/** Deepest nesting that is read; OTLP itself is ten deep, and values of attributes nest. */
const maxDepth = 200;

const code = { quote: 34, comma: 44, colon: 58, open: 91, backslash: 92, close: 93, openBrace: 123, closeBrace: 125 };
const numberPattern = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const wordPattern = /true|false|null/y;
const escapePattern = /\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/y;

/** Every method throws OtlpInputError, with line and column, where the text is no JSON or not what is asked for. */
export class JsonCursor {
  readonly text: string;
  position: number;
  private depth = 0;

  /** @param text one character a byte (latin1) */
  constructor(text: string, position = 0) {
    this.text = text;
    // A byte order mark, which some editors write.
    this.position = position === 0 && text.startsWith('\u00ef\u00bb\u00bf') ? 3 : position;
  }

  /** Whether nothing but white space is left. */
  atEnd(): boolean {
    this.space();
    return this.position >= this.text.length;
  }

  /** The first character of the value that comes next; empty at the end. */
  peek(): string {
    this.space();
    return this.text.charAt(this.position);
  }

  /** Walks through an object; `member` has to read or skip the value of each key. A null has no members. */
  object(member: (key: string) => void, what: string): void {
    if (this.isNull()) return;
    this.enter(code.openBrace, `an object (${what})`);
    if (this.leaves(code.closeBrace)) return;
    do {
      const key = this.string('a key in double quotes');
      this.expect(code.colon, '":"');
      member(key);
    } while (this.goesOn(code.closeBrace));
  }

  /** Walks through an array; `element` has to read or skip each. A null has no elements. */
  array(element: (index: number) => void, what: string): void {
    if (this.isNull()) return;
    this.enter(code.open, `an array (${what})`);
    if (this.leaves(code.close)) return;
    let index = 0;
    do element(index++);
    while (this.goesOn(code.close));
  }

  /** The value of a string. */
  string(what: string): string {
    const raw = this.rawString(what);
    if (raw.includes('\\')) return unescaped(raw);
    const inner = raw.slice(1, -1);
    return hasHighBytes(inner) ? Buffer.from(inner, 'latin1').toString('utf8') : inner;
  }

  /** A number as it is written, or the content of a string; undefined for null. */
  numberText(what: string): string | undefined {
    if (this.isNull()) return undefined;
    if (this.text.charCodeAt(this.position) === code.quote) return this.string(what);
    return this.match(numberPattern) ?? this.fail(what);
  }

  /** A boolean; undefined for null. */
  boolean(what: string): boolean | undefined {
    if (this.isNull()) return undefined;
    const word = this.match(wordPattern);
    return word === undefined ? this.fail(what) : word === 'true';
  }

  /** Whether a null comes next, which is then read. */
  isNull(): boolean {
    this.space();
    if (!this.text.startsWith('null', this.position)) return false;
    this.position += 4;
    return true;
  }

  /** Reads a value of any kind; returns where it begins. */
  skip(): number {
    this.space();
    const start = this.position;
    const first = this.text.charCodeAt(start);
    if (first === code.quote) this.rawString('a string');
    else if (first === code.openBrace) this.object(() => this.skip(), 'any');
    else if (first === code.open) this.array(() => this.skip(), 'any');
    else if (this.match(numberPattern) === undefined && this.match(wordPattern) === undefined) this.fail('a value');
    return start;
  }

  /** @param start where the wrong thing begins; here unless given */
  fail(what: string, start?: number): never {
    if (start === undefined) this.space();
    const at = start ?? this.position;
    throw new OtlpInputError(placeOf(this.text, at), `expected ${what}, got ${gotAt(this.text, at)}`);
  }

  private space(): void {
    for (;;) {
      const next = this.text.charCodeAt(this.position);
      if (next !== 32 && next !== 10 && next !== 13 && next !== 9) return;
      this.position++;
    }
  }

  private enter(bracket: number, what: string): void {
    this.expect(bracket, what);
    if (++this.depth > maxDepth) this.fail(`at most ${maxDepth} levels of nesting`, this.position - 1);
  }

  private leaves(bracket: number): boolean {
    this.space();
    if (this.text.charCodeAt(this.position) !== bracket) return false;
    this.position++;
    this.depth--;
    return true;
  }

  private goesOn(bracket: number): boolean {
    if (this.leaves(bracket)) return false;
    this.expect(code.comma, `"," or "${String.fromCharCode(bracket)}"`);
    return true;
  }

  private expect(char: number, what: string): void {
    this.space();
    if (this.text.charCodeAt(this.position) !== char) this.fail(what);
    this.position++;
  }

  private match(pattern: RegExp): string | undefined {
    this.space();
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text)?.[0];
    if (found !== undefined) this.position += found.length;
    return found;
  }

  /** With its quotes; every character looked at. */
  private rawString(what: string): string {
    this.expect(code.quote, what);
    const start = this.position - 1;
    for (let index = this.position; index < this.text.length; index++) {
      const char = this.text.charCodeAt(index);
      if (char === code.quote) {
        this.position = index + 1;
        return this.text.slice(start, this.position);
      }
      if (char < 32) this.fail('no control character in a string', index);
      if (char === code.backslash) {
        escapePattern.lastIndex = index;
        index += (escapePattern.exec(this.text)?.[0] ?? this.fail('an escape that JSON knows', index)).length - 1;
      }
    }
    return this.fail('the end of the string', this.text.length);
  }
}

function hasHighBytes(text: string): boolean {
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) return true;
  return false;
}

/** @param raw a string with its quotes, one character a byte */
function unescaped(raw: string): string {
  return JSON.parse(Buffer.from(raw, 'latin1').toString('utf8')) as string;
}

/** `line 3, column 14`, both from 1, the column in bytes. */
function placeOf(text: string, at: number): string {
  let line = 1;
  let begin = 0;
  for (let next = text.indexOf('\n'); next !== -1 && next < at; next = text.indexOf('\n', next + 1)) {
    line++;
    begin = next + 1;
  }
  return `line ${line}, column ${at - begin + 1}`;
}

function gotAt(text: string, at: number): string {
  if (at >= text.length) return 'the end';
  const word = /^(?:"[^"\n]{0,30}"?|[\w.+-]{1,30}|.)/s.exec(text.slice(at, at + 40))?.[0] ?? '';
  const shown = Buffer.from(word, 'latin1').toString('utf8');
  return shown.startsWith('"') ? shown : JSON.stringify(shown);
}
