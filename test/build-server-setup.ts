/** Builds the server's bundle once, before the tests that run it. For `globalSetup` of vitest. */
import { buildServer } from '../scripts/build-server.js';

export async function setup(): Promise<void> {
  await buildServer();
}
