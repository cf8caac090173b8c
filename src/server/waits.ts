/** Waits of the server that no configuration changes. */

/** Milliseconds that a stop waits for running inferences. */
export const defaultGraceMs = 5_000;

/** Milliseconds that answers have to leave, once nothing runs, before connections are cut. */
export const flushMs = 200;

/** Milliseconds that an idle HTTP connection is kept: longer than clients keep theirs, so that none writes into a closing one. */
export const keepAliveMs = 65_000;

/** Milliseconds that a new connection has for its handshake, where there is TLS, and for saying that it speaks HTTP/2, where it must. */
export const firstBytesMs = 10_000;

/** Milliseconds that a gRPC connection may be without frames before its first call. */
export const unusedConnectionMs = 60_000;

/** Milliseconds that a client has to end a connection that was ended with words. */
export const farewellMs = 1_000;
