/** Builds the server's bundle once, before the tests that run it. For `globalSetup` of vitest. */
export async function setup(): Promise<void> {
  const script = new URL('../scripts/build-server.js', import.meta.url).href;
  const { buildServer } = (await import(script)) as { buildServer: () => Promise<void> };
  await buildServer();
}
