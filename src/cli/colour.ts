/** Colour, where the stream shows it and nobody objects. */
import { styleText } from 'node:util';

/** Variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Paints a text, or leaves it as it is. */
export type Paint = (style: 'dim' | 'green' | 'red' | 'yellow', text: string) => string;

/** FORCE_COLOR and NO_COLOR decide (https://force-color.org, https://no-color.org), else whether it is a terminal. */
export function painter(stream: { isTTY?: boolean }, { NO_COLOR, FORCE_COLOR, TERM }: Environment): Paint {
  const colour = FORCE_COLOR ? FORCE_COLOR !== '0' : stream.isTTY === true && !NO_COLOR && TERM !== 'dumb';
  // Decided here for this stream; Node would decide for stdout.
  return (style, text) => (colour ? styleText(style, text, { validateStream: false }) : text);
}
