/** What the handlers of the services share. */
import type { ServerParts } from '../transport.js';
import type { IncomingCalls } from './incoming-calls.js';
import type { OpenStreams } from './open-streams.js';
import type { StruckCalls } from './struck-calls.js';
import type { UnreadAnswers } from './unread-answers.js';

export interface ServiceParts extends ServerParts, Pick<IncomingCalls, 'describe'> {
  streams: OpenStreams;
  unread: UnreadAnswers;
  struck: StruckCalls;
}
