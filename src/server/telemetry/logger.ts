/** Log lines of the server: one JSON object a line, never with a tensor's data in it. */

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';
type LogValue = string | number | boolean | readonly string[] | undefined;
type LogFields = Readonly<Record<string, LogValue | Readonly<Record<string, LogValue>>>>;

export interface Logger {
  /** Whether a line of this level would be written. */
  enabled(level: LogLevel): boolean;
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** Written whatever the level: start and stop of the server, which programs wait for. */
  announce(message: string, fields?: LogFields): void;
}

export interface LoggerOptions {
  level: LogLevel;
  /** Takes one line, its newline included. */
  write: (line: string) => void;
}

const ranks: Readonly<Record<LogLevel, number>> = { error: 0, warn: 1, info: 2, debug: 3 };

/** Whether a logger of level `level` writes lines of `lineLevel`. */
export function isWritten(lineLevel: LogLevel, level: LogLevel): boolean {
  return ranks[lineLevel] <= ranks[level];
}

/** What a log line says of whatever was thrown: where, if it knows. */
export function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

/** A logger of lines `{"time", "level", "message", ...fields}`; `time` is ISO 8601 in UTC. */
export function createLogger({ level, write }: LoggerOptions): Logger {
  const line = (lineLevel: LogLevel, message: string, fields: LogFields = {}): void =>
    write(`${printable(JSON.stringify({ time: new Date().toISOString(), level: lineLevel, message, ...fields }))}\n`);
  const at = (lineLevel: LogLevel) => (message: string, fields?: LogFields) => {
    if (isWritten(lineLevel, level)) line(lineLevel, message, fields);
  };
  return {
    enabled: (lineLevel) => isWritten(lineLevel, level),
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    announce: (message, fields) => line('info', message, fields),
  };
}

/**
 * JSON with what a terminal obeys, or shows as something else, escaped, too: control characters that JSON leaves as they
 * are, marks that turn the direction of text, and line separators. Names in log lines come from outside.
 */
function printable(json: string): string {
  return json.replace(
    /[\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** A logger that writes nothing, for servers inside another program. */
export const silentLogger: Logger = createLogger({ level: 'error', write: () => {} });
