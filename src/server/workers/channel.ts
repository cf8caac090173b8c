/** Questions and answers between two processes, each of which may ask the other. */
import { fromWireError, toWireError, type WireError } from './messages.js';

/** The other process ended before it answered. */
export class ChannelClosedError extends Error {
  constructor() {
    super('The process at the other end has ended');
    this.name = 'ChannelClosedError';
  }
}

// biome-ignore lint/suspicious/noExplicitAny: stands for every set of methods, whatever they take.
type Method = (data: any) => Promise<unknown>;
type Methods<M> = { [Name in keyof M]: Method };

interface Question {
  ask: number;
  method: string;
  data: unknown;
}

interface Answer {
  answer: number;
  data?: unknown;
  error?: WireError;
}

/** This end of a channel. `Remote` is what the other end can be asked. */
export interface Channel<Remote extends Methods<Remote>> {
  /** Rejects with the error of the other end, or with ChannelClosedError. */
  ask<Name extends keyof Remote & string>(
    method: Name,
    data: Parameters<Remote[Name]>[0],
  ): Promise<Awaited<ReturnType<Remote[Name]>>>;
  /** Takes a message that came from the other end. */
  receive(message: unknown): void;
  /** Rejects what still waits for an answer. */
  end(): void;
}

/** @param send never throws: a message to a process that has ended is lost, and `end` is called for it */
export function createChannel<Remote extends Methods<Remote>, Local extends Methods<Local>>(
  send: (message: object) => void,
  local: Local,
): Channel<Remote> {
  const waiting = new Map<number, { resolve: (data: never) => void; reject: (error: Error) => void }>();
  let last = 0;
  let ended = false;

  const answer = async ({ ask, method, data }: Question): Promise<void> => {
    try {
      send({ answer: ask, data: await local[method as keyof Local](data) });
    } catch (error) {
      send({ answer: ask, error: toWireError(error) });
    }
  };

  return {
    ask: (method, data) =>
      new Promise((resolve, reject) => {
        if (ended) {
          reject(new ChannelClosedError());
          return;
        }
        waiting.set(++last, { resolve, reject });
        send({ ask: last, method, data });
      }),
    receive(received) {
      const message = received as Question | Answer;
      if ('ask' in message) {
        void answer(message);
        return;
      }
      const asked = waiting.get(message.answer);
      waiting.delete(message.answer);
      if (message.error) asked?.reject(fromWireError(message.error));
      else asked?.resolve(message.data as never);
    },
    end() {
      ended = true;
      for (const { reject } of waiting.values()) reject(new ChannelClosedError());
      waiting.clear();
    },
  };
}
