/** A connection that is slow on purpose, in both directions. */
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { noteTcpSocket } from './socket-faults.js';

/** Milliseconds of the rate that pass at once: few enough to be smooth, many enough to be kept. */
const sliceMs = 20;

/** Stands for a TCP socket, and passes so many bytes a second each way, until it is released. */
export class ThrottledSocket extends Duplex {
  readonly #tcp: Socket;
  readonly #reads: Pace;
  readonly #writes: Pace;

  constructor(tcp: Socket, bytesPerSecond: number) {
    super({ allowHalfOpen: tcp.allowHalfOpen });
    this.#tcp = tcp;
    this.#reads = createPace(bytesPerSecond);
    this.#writes = createPace(bytesPerSecond);
    noteTcpSocket(this, tcp);
    tcp.on('data', (chunk: Buffer) => {
      tcp.pause();
      this.#reads.pass(
        chunk,
        (piece) => void this.push(piece),
        () => {
          if (this.readableLength < this.readableHighWaterMark) tcp.resume();
        },
      );
    });
    tcp.on('end', () => this.push(null));
    tcp.on('close', () => this.destroy());
    tcp.on('timeout', () => this.emit('timeout'));
  }

  /** Lets everything through from here on. */
  release(): void {
    this.#reads.release();
    this.#writes.release();
  }

  override _read(): void {
    if (!this.#reads.busy) this.#tcp.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#writes.pass(chunk, (piece) => void this.#tcp.write(piece), done);
  }

  override _final(done: () => void): void {
    this.#tcp.end(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#reads.stop();
    this.#writes.stop();
    this.#tcp.destroy();
    done(error);
  }

  /** As a socket's; the three are what Node's HTTP server asks of one. */
  setTimeout(milliseconds: number, onTimeout?: () => void): this {
    if (onTimeout) this.once('timeout', onTimeout);
    this.#tcp.setTimeout(milliseconds);
    return this;
  }

  setNoDelay(on?: boolean): this {
    this.#tcp.setNoDelay(on);
    return this;
  }

  setKeepAlive(on?: boolean, delayMs?: number): this {
    this.#tcp.setKeepAlive(on, delayMs);
    return this;
  }
}

interface Pace {
  readonly busy: boolean;
  /** Gives `chunk` to `out` piece by piece; one at a time. */
  pass(chunk: Buffer, out: (piece: Buffer) => void, done: () => void): void;
  release(): void;
  stop(): void;
}

function createPace(bytesPerSecond: number): Pace {
  const slice = Math.max(1, Math.floor((bytesPerSecond * sliceMs) / 1000));
  let released = false;
  let timer: NodeJS.Timeout | undefined;
  /** In milliseconds of performance.now(). */
  let nextAt = 0;
  let step: (() => void) | undefined;
  return {
    get busy() {
      return step !== undefined;
    },
    pass(chunk, out, done) {
      let rest = chunk;
      step = () => {
        const now = performance.now();
        if (!released && nextAt > now) {
          timer = setTimeout(() => step?.(), nextAt - now);
          return;
        }
        const piece = released ? rest : rest.subarray(0, slice);
        rest = rest.subarray(piece.byteLength);
        // From the time that was due, not from now: timers come late.
        nextAt = Math.max(nextAt, now - sliceMs) + (piece.byteLength / bytesPerSecond) * 1000;
        out(piece);
        if (rest.byteLength > 0) return step?.();
        step = undefined;
        done();
      };
      step();
    },
    release() {
      released = true;
      clearTimeout(timer);
      step?.();
    },
    stop() {
      clearTimeout(timer);
      step = undefined;
    },
  };
}
