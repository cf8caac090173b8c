/** A limit that grpc-js checks, under the name that the configuration has for it. */

/**
 * A number that says in a text which limit it is: grpc-js compares it with a message's size, and then writes it into its
 * refusal, such as `Received message larger than max (9000000 vs the limit maxReceiveMessageBytes, 8388608)`.
 */
class NamedLimit extends Number {
  constructor(
    private readonly name: string,
    figure: number,
  ) {
    super(figure);
  }

  override toString(): string {
    return `the limit ${this.name}, ${this.valueOf()}`;
  }
}

export function namedLimit(name: string, figure: number): number {
  return new NamedLimit(name, figure) as unknown as number;
}
