/** A request and its answer as lines of plain text. */
import type { Exchange } from '../exchange.js';

/** How arrows are drawn. */
export interface Arrows {
  request: string;
  answer: string;
}

/** As they are drawn where there is more than ASCII. */
export const arrows: Arrows = { request: '→', answer: '←' };

/** The names of the transports, for people. */
export const transportTitle = { grpc: 'gRPC', rest: 'REST' } as const;

/** `→ gRPC ModelInfer` and the request, `← 1.2 ms` and the answer, both indented. */
export function exchangeLines(
  { transport, call, request, answer, ms }: Exchange,
  { request: there, answer: back }: Arrows = arrows,
): string[] {
  return [
    `${there} ${transportTitle[transport]} ${call}`,
    ...request.flatMap(indented),
    `${back} after ${ms} ms`,
    ...answer.flatMap(indented),
  ];
}

function indented(text: string): string[] {
  return text.split('\n').map((line) => `  ${line}`);
}
