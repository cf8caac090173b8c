/** What nobody caught: told in the log, and the end of no other request. */
import { type Logger, stackOf } from './logger.js';

const messages = { unhandledRejection: 'unhandled rejection', uncaughtException: 'uncaught exception' } as const;

/** From here on the process survives errors of this sort. */
export function logUncaught(event: keyof typeof messages, log: Logger): void {
  process.on(event, (error: unknown) => log.error(messages[event], { error: stackOf(error) }));
}
