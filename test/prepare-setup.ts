/** Builds what has changed, once, before tests that run the built product. For `globalSetup` of vitest. */
export async function setup(): Promise<void> {
  const script = new URL('../scripts/prepare.js', import.meta.url).href;
  const { prepare } = (await import(script)) as { prepare: () => void };
  prepare();
}
